"""The command line, the step in a file, and what each of them loads and tells."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockmaster.prepare import spec
from tests.steps.fetch.archive import tar
from tests.steps.fetch.looking import mode_of, names_in
from tests.support.cli import run_cli
from tests.support.rough import Rough, reply

if TYPE_CHECKING:
    from tests.support.fileserver import FileServer

PAGE = Path(__file__).parents[3] / "docs" / "steps-fetch.md"
CLIENTS = {"httpx", "obstore", "dulwich", "oras", "hvac", "requests", "urllib3"}


def test_a_file_by_the_command(web: FileServer, tmp_path: Path) -> None:
    (web.root / "a.txt").write_text("hello\n")
    done = run_cli(["fetch", web.url("a.txt"), "in/", "--mode", "0640", "--header", "X-Token: x"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "fetched 6 bytes" in done.stderr
    assert mode_of(tmp_path / "in/a.txt") == 0o640
    again = run_cli(["fetch", web.url("a.txt"), "in/", "--mode", "0640"], cwd=tmp_path)
    assert [json.loads(line)["text"] for line in again.stderr.splitlines()] == ["unchanged"]


def test_an_archive_by_the_command(tmp_path: Path) -> None:
    tar(tmp_path / "x.tar.gz", ("top/a", "x"))
    done = run_cli(["fetch", f"file://{tmp_path}/x.tar.gz", "out", "--unpack", "--strip", "1"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert names_in(tmp_path / "out") == ["a"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["ftp://h/x", "x"], "from: ftp:// is none of https, http, s3"),
        (["x", "x"], "from is an address with a scheme"),
        (["https://h/x", "x", "--mode", "rw-r--r--"], "mode: 'rw-r--r--' is not a mode"),
        (["https://h/x", "x", "--mode", "0999"], "mode: '0999' is not a mode"),
        (["https://h/x", "x", "--owner", "a:b:c"], "owner 'a:b:c' is not user"),
        (["https://h/x", "x", "--owner", "nobody-has-this-name"], "there is no user 'nobody-has-this-name' here"),
        (["https://h/x", "x", "--sha256", "abc"], "sha256 is not 64 hexadecimal digits"),
        (["https://h/x", "x", "--strip", "1"], "strip is for archives: it needs unpack"),
        (["https://h/x", "x", "--strip", "one", "--unpack"], "--strip: "),
        (["https://h/x", "x", "--max-size", "big"], "'big' is not a size"),
        (["https://h/x", "x", "--stall", "9"], "--stall: '9' is not a duration"),
        (["https://h/x", "x", "--header", "Authorization"], "--header: 'Authorization' is not NAME:VALUE"),
        (["https://h/x", "x", "--cert", "c.pem"], "cert and key belong together"),
        (["https://h/x", "x", "--ca", "missing.pem"], "ca: cannot read missing.pem: No such file or directory"),
        (["https://h/x", "x", "--token-file", "missing"], "token_file: cannot read missing"),
        (["s3://b/k", "x", "--header", "A: b"], "headers are for https and git"),
        (["git+https://h/r", "x", "--etag-cache", "c"], "etag_cache is for https and object stores"),
        (["file:///x", "/", "--unpack"], "to: / is not a place for it"),
    ],
)
def test_what_people_get_wrong(options: list[str], told: str, tmp_path: Path) -> None:
    done = run_cli(["fetch", *options, "--retries", "0", "--log-format", "text"], cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert names_in(tmp_path) == []


def step(folder: Path, text: str) -> Path:
    path = folder / "lockmaster.yaml"
    path.write_text(text)
    return path


def test_a_step_of_a_file(web: FileServer, tmp_path: Path) -> None:
    (web.root / "b.txt").write_text("hello\n")
    text = f"steps:\n  - name: config\n    fetch: {{from: '{web.url('${NAME}.txt')}', to: in/x, mode: 0600}}\n"
    config = step(tmp_path, text)
    for said in ("fetched 6 bytes", "unchanged"):
        done = run_cli(["up", "--config", config, "--log-format", "text"], env={"NAME": "b"})
        assert done.returncode == 0, done.stderr
        assert f"[config] {said}" in done.stderr
    assert mode_of(tmp_path / "in/x") == 0o600


def test_a_step_that_is_wrong_is_told_before_anything_runs(tmp_path: Path) -> None:
    first = "  - fetch: {from: file:///etc/hostname, to: a}\n"
    text = f"steps:\n{first}  - fetch:\n      from: https://h/x\n      to: b\n      sha265: x\n"
    done = run_cli(["up", "--config", step(tmp_path, text), "--log-format", "text"])
    assert done.returncode == 2
    assert "lockmaster.yaml:6: sha265 is not a field of steps[1].fetch" in done.stderr
    assert "did you mean sha256" in done.stderr.lower()
    assert not (tmp_path / "a").exists()


def test_no_secret_is_in_a_log(web: FileServer, tmp_path: Path) -> None:
    """In an error, which repeats what the server says, and what was asked."""
    words = ["pass-word-1", "header-secret-2", "deadbeefcafe-3", "token-secret-4"]
    echo = reply(f"denied for {' '.join(words)}".encode(), "403 Forbidden")
    (tmp_path / "token").write_text(words[3])
    with Rough(echo) as server:
        url = server.url(f"x?X-Amz-Signature={words[2]}").replace("://", f"://me:{words[0]}@")
        options = ["--header", f"X-Api: {words[1]}", "--token-file", tmp_path / "token", "--verbose"]
        for form in ("text", "json"):
            log = tmp_path / f"log-{form}"
            more = ["--log-format", form, "--termination-log", log]
            done = run_cli(["fetch", url, tmp_path / "x", *options, *more])
            assert done.returncode == 20
            assert "answered 403 Forbidden: denied for" in done.stderr
            assert not [word for word in words if word in done.stdout + done.stderr + log.read_text()]


def test_no_secret_is_in_the_hidden_files(web: FileServer, tmp_path: Path) -> None:
    (web.root / "a.txt").write_text("hello\n")
    url = web.url("a.txt?X-Amz-Signature=deadbeefcafe").replace("://", "://me:pass-word@")
    assert run_cli(["fetch", url, tmp_path / "x"]).returncode == 0
    text = "".join(path.read_text() for path in tmp_path.iterdir())
    assert "deadbeefcafe" not in text
    assert "pass-word" not in text


def test_only_the_client_of_the_scheme_is_loaded(web: FileServer, tmp_path: Path) -> None:
    (web.root / "a.txt").write_text("hello\n")
    code = (
        "import os, sys\n"
        "from lockmaster.cli import __main__ as first\n"
        "def leave(status): print(status, *sys.modules); sys.stdout.flush(); os._exit(0)\n"
        "first.leave = leave\nfirst.main()"
    )
    argv = [sys.executable, "-c", code, "fetch", web.url("a.txt"), tmp_path / "x"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    status, *modules = done.stdout.split()
    assert status == "0", done.stderr
    assert CLIENTS & set(modules) == {"httpx"}
    assert not {"psycopg2", "ruamel", "tarfile", "zipfile", "lockmaster.compose"} & set(modules)


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("httpx", "https://h/x"),
        ("obstore", "s3://b/k"),
        ("dulwich", "git+https://h/r"),
        ("oras", "oci://h/r"),
        ("hvac", "vault://m/p"),
    ],
)
def test_a_client_that_is_not_installed(client: str, address: str, tmp_path: Path) -> None:
    code = f"import sys; sys.modules[{client!r}] = None\nfrom lockmaster.cli.__main__ import main; main()"
    argv = [sys.executable, "-c", code, "fetch", address, tmp_path / "x"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    told = json.loads(done.stderr)
    assert told["message"].endswith("is not installed")
    assert told["hint"] == "pip install 'lockmaster[fetch]'"


def test_every_field_is_in_the_page() -> None:
    from lockmaster.prepare.steps.fetch.spec import Spec

    text = PAGE.read_text()
    assert [name for name in spec.fields(Spec) if f"`{name}`" not in text] == []
