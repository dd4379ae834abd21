"""What people get wrong, and what they are told: at once, before anything is waited for, without a secret."""

from __future__ import annotations

import importlib.util
import json
import sys
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import Exit, UsageError
from lockmaster.prepare import spec
from lockmaster.prepare.steps.wait import line, schemes
from lockmaster.prepare.steps.wait.spec import Wanted
from tests.support.cli import run_cli

if TYPE_CHECKING:
    from pathlib import Path

WRONG = [
    ("reddis://a:1", "nothing is known about waiting for reddis:", "did you mean redis?"),
    ("htps://a/", "nothing is known about waiting for htps:", "did you mean https?"),
    ("zookeeper://a", "nothing is known about waiting for zookeeper:", "one of tcp, unix, file, "),
    ("redis:6379", "'redis:6379' is not a URL", "write for example tcp://redis:6379"),
    ("db:5432", "'db:5432' is not a URL", "write for example tcp://redis:6379"),
    ("localhost", "'localhost' is not a URL", "write for example"),
    ("", "a target is empty", "is a variable empty"),
    ("  ", "a target is empty", "is a variable empty"),
    (" tcp://a:1", "' tcp://a:1' has blanks around it", "remove them"),
    ("tcp://a:1\n", "'tcp://a:1\\n' has blanks around it", "remove them"),
    ("tcp://a b:1", "'tcp://a b:1' has a blank in it", "%20"),
    ("tcp://a", "tcp://a has no port", "tcp://a:PORT"),
    ("tcp://a:", "'tcp://a:' has no host and port that can be read", "percent-encoded"),
    ("tcp://:1", "'tcp://:1' has no host and port that can be read", "percent-encoded"),
    ("tcp://a:70000", "'tcp://a:70000' has no host and port that can be read", "percent-encoded"),
    ("tcp://a:x", "'tcp://a:x' has no host and port that can be read", "percent-encoded"),
    ("tcp://::1:5", "'tcp://::1:5' has no host and port that can be read", "[brackets]"),
    ("tcp://[::1", "'tcp://[::1' has no host and port that can be read", "[brackets]"),
    ("tcp://a..b:1", "'tcp://a..b:1' has no host and port that can be read", "percent-encoded"),
    ("tcp:a:1", "'tcp:a:1' is not whole", "tcp://HOST:PORT"),
    ("tcp://a:1/path", "tcp://a:1/path has more than host and port", "tcp://a:1"),
    ("tcp://a:1,b:2", "tcp://a:1,b:2 has more than one host", "a target of its own"),
    ("unix:run/s", "unix:run/s is not the path of a socket", "unix:///run/app.sock"),
    ("file:", "'file:' names no file", "file:/tmp/ready"),
    ("file://tmp/ready", "'file://tmp/ready' names a file of another host", "file:/tmp/ready, or file:tmp/ready"),
    ("dns:", "'dns:' holds no name that a name server could know", "dns:db.example.org"),
    ("dns:a:5432", "'dns:a:5432' holds no name that a name server could know", "dns:db.example.org"),
    ("dns:" + "x" * 64, "holds no name that a name server could know", "dns:db.example.org"),
    ("http:///x", "'http:///x' has no host and port that can be read", "percent-encoded"),
    ("http+unix://a/x", "http+unix://a/x has no host that can be read", "%2Frun%2Fapp.sock"),
    ("redis://a/x", "redis://a/x: 'x' is not the number of a database", "redis://a/0"),
    ("redis://app@a", "redis://app@a has a user and no password", "redis://:PASSWORD@HOST"),
    ("redis://:s3cr#t@a", "'redis://:***@a' has no host and port that can be read", "percent-encoded"),
    ("mysql://u:s3cr/t@a/d", "has no host and port that can be read", "percent-encoded"),
    ("kafka://a/b/c", "'/b/c' is not a topic", "kafka://HOST:9092/TOPIC"),
    ("kafka://a,,b", "'kafka://a,,b' has no host and port that can be read", "percent-encoded"),
    ("mongodb://", "'mongodb://' has no host", "mongodb://HOST/DATABASE"),
    ("grpc://a", "grpc://a has no port", "grpc://a:PORT"),
    ("postgres://a/d?sslmod=require", "the database URL has an unknown parameter: sslmod", "remove it"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "message", "hint"), WRONG, ids=[repr(row[0])[:40] for row in WRONG])
def test_urls(url: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        line.spec([url], {}, {}, limit=None, every=None)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "s3cr" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("url", "details", "message", "hint"),
    [
        ("tcp://a:1", {"status": "200"}, "none of the targets takes --status", "it is for http, https, http+unix"),
        ("tcp://a:1", {"headers": {"a": "b"}}, "none of the targets takes --header", "it is for http"),
        ("http://a", {"ca": "x"}, "none of the targets takes --ca", "it is for https, "),
        ("http://a", {"status": "2x"}, "'2x' is not a status", "write for example 200"),
        ("http://a", {"status": "700"}, "'700' is not a status", "write for example 200"),
        ("http://a", {"body": "(x"}, "body: '(x' is not a regular expression: missing )", "backslash"),
        ("file:a", {"contains": "*"}, "contains: '*' is not a regular expression: nothing to repeat", "backslash"),
        ("file:a", {"contains": "x", "until": "absent"}, "cannot contain anything", "leave one of the two out"),
        ("file:a", {"until": "gone"}, "until: 'gone' is neither present nor absent", "leave it out"),
        ("http://a", {"headers": {"a b": "c"}}, "'a b' cannot be sent as a header", "in one line"),
        ("http://a", {"headers": {"a": "c\nd"}}, "'a' cannot be sent as a header", "in one line"),
        ("https://a", {"key": "k"}, "there is a key and no cert", "cert: is the file"),
        ("${NOPE}", {}, "NOPE is not set", "set NOPE, or give a default"),
    ],
)  # fmt: skip
def test_details(url: str, details: dict[str, object], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        line.spec([url], details, {}, limit=None, every=None)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_an_option_counts_for_the_targets_that_take_it() -> None:
    made = line.spec(["tcp://a:1", "https://a", "http://b"], {"status": "204", "ca": "x"}, {}, limit=None, every=None)
    assert [(item.status, item.ca) for item in made.wanted()] == [("2xx", ""), ("204", "x"), ("204", "")]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["tcp://a:1", "--every", "1"], "flag --every: '1' is not a duration (a unit is missing)"),
        (["tcp://a:1", "--every", "1ms"], "every is too short (50ms is the least)"),
        (["tcp://a:1", "--limit", "0"], "limit is 0: no server answers in no time"),
        (["tcp://a:1", "--timeout", "soon"], "flag --timeout: 'soon' is not a duration"),
        (["https://a", "--header", "Authorization s3cr3t"], "a --header has no colon"),
    ],
)
def test_options_of_the_command_line(argv: list[str], message: str) -> None:
    done = run_cli(["wait", *argv])
    assert done.returncode == Exit.USAGE
    assert json.loads(done.stderr)["message"] == message
    assert "s3cr3t" not in done.stderr


def test_in_a_file_the_line_and_the_field_are_named(tmp_path: Path) -> None:
    file = tmp_path / "lockmaster.yaml"
    for text, message in [
        ("wait: reddis://a:1", "steps[0].wait: nothing is known about waiting for reddis: (did you mean redis?)"),
        ("wait: [tcp://a:1, tcp://b]", "steps[0].wait: tcp://b has no port (tcp://b:PORT)"),
        ("wait: {targets: [{url: tcp://a}]}", "steps[0].wait.targets[0]: tcp://a has no port (tcp://a:PORT)"),
        ("wait: {targets: [{url: 'tcp://a:1', statsu: 1}]}", "statsu is not a field of steps[0].wait.targets[0]"),
        ("wait: {targets: [{url: 'file:a', limit: 5}]}", "steps[0].wait.targets[0].limit: "),
        ("wait: []", "steps[0].wait: there is nothing to wait for (name at least one target)"),
        ("wait: {target: 'tcp://a:1'}", "target is not a field of steps[0].wait"),
    ]:
        file.write_text(f"steps:\n  - {text}\n")
        with pytest.raises(UsageError) as caught:
            spec.read(str(file), "lockmaster.yaml", {}, lambda _: None)
        assert caught.value.message.startswith(f"lockmaster.yaml:2: {message}")


def test_a_client_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pika" else found(name))
    with pytest.raises(UsageError) as caught:
        schemes.require_client(Wanted(url="amqp://a"))
    assert caught.value.message == "amqp: needs pika, which is not installed"
    assert caught.value.hint == "pip install 'lockmaster[wait]'"
    schemes.require_client(Wanted(url="redis://a"))


LOADED = """
import sys
from lockmaster.cli import __main__ as first
def leave(status):
    print(status, *sys.modules); sys.stdout.flush(); import os; os._exit(0)
first.leave = leave
sys.argv = ["lockmaster", "wait", *sys.argv[1:]]
first.main()
"""


def test_a_plain_wait_loads_no_client(tmp_path: Path) -> None:
    """tcp, file and dns need nothing but Python; each client is loaded by the target that names it."""
    import subprocess

    argv = [sys.executable, "-c", LOADED, "file:/", "tcp://127.0.0.1:1", "dns:localhost", "--timeout", "200ms"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    modules = set(done.stdout.split())
    assert "10" in modules, done.stderr
    clients = {"confluent_kafka", "grpc", "pika", "psycopg2", "pymongo", "pymysql"}
    heavy = clients | {"asyncio", "email", "http.client", "logging", "ssl"}
    assert not modules & heavy


def test_names_with_a_secret_in_them_are_masked_in_every_rendering(tmp_path: Path) -> None:
    """A token in the query or in a header, a password that the server says back."""
    (tmp_path / "lockmaster.yaml").write_text(
        """
steps:
  - wait:
      targets:
        - {url: "http://app:s3cr3t-1@127.0.0.1:1/?token=s3cr3t-2", headers: {X-Api-Key: s3cr3t-3}}
        - {url: "redis://127.0.0.1:1", password: s3cr3t-4}
        - {url: "postgres://u:s3cr3t-5@127.0.0.1:1/d"}
        - {url: "mongodb://u:s3cr3t-6@127.0.0.1:1/d"}
    timeout: 2s
"""
    )
    for form in ("text", "json"):
        done = run_cli(["up", "--verbose", "--log-format", form], cwd=tmp_path)
        assert done.returncode == Exit.UNREACHABLE, done.stderr
        assert "s3cr3t" not in done.stderr
