"""OCI artifacts from a real registry (tests/support/registry.py)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError, UnreachableError
from tests.steps.fetch.archive import tar
from tests.steps.fetch.looking import names_in
from tests.support.cli import run_cli, start_cli, until
from tests.support.registry import Registry
from tests.support.rough import Rough, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.steps.fetch.conftest import Fetch


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """Give a registry."""
    with Registry() as server:
        yield server


def address(registry: Registry, name: str) -> str:
    return f"oci+http://127.0.0.1:{registry.port}/{name}"


def test_one_file(fetch: Fetch, registry: Registry, tmp_path: Path) -> None:
    digest = registry.push("team/app", "v1", {"app.conf": b"hello\n"})
    assert fetch(address(registry, "team/app:v1")).changed
    assert (tmp_path / "target").read_text() == "hello\n"
    assert fetch(address(registry, "team/app:v1")).text == "unchanged"
    registry.push("team/app", "v1", {"app.conf": b"other\n"})
    assert fetch(address(registry, "team/app:v1")).changed
    assert (tmp_path / "target").read_text() == "other\n"
    assert fetch(address(registry, f"team/app@{digest}")).changed
    assert (tmp_path / "target").read_text() == "hello\n"


def test_several_files(fetch: Fetch, registry: Registry, tmp_path: Path) -> None:
    registry.push("many", "v1", {"a": b"one", "sub/b": b"two"})
    assert fetch(address(registry, "many:v1")).changed
    assert (tmp_path / "target/sub/b").read_text() == "two"
    assert fetch(address(registry, "many:v1")).text == "unchanged"
    assert fetch(address(registry, "many:v1"), "one", path="sub/b").changed
    assert (tmp_path / "one").read_text() == "two"
    with pytest.raises(StepFailedError, match="has no file nope"):
        fetch(address(registry, "many:v1"), "one", path="nope")


def test_a_packed_folder(fetch: Fetch, registry: Registry, tmp_path: Path) -> None:
    packed = tar(tmp_path / "x", ("conf/a", "x")).read_bytes()
    registry.push("packed", "v1", {"conf": packed}, io_deis_oras_content_unpack="true")
    assert fetch(address(registry, "packed:v1"), unpack=True, strip=1).changed
    assert names_in(tmp_path / "target") == ["a"]


def test_a_name_that_leads_out(fetch: Fetch, registry: Registry, tmp_path: Path) -> None:
    registry.push("evil", "v1", {"good": b"x", "../evil": b"x"})
    with pytest.raises(StepFailedError, match=r"the name '\.\./evil' leads out"):
        fetch(address(registry, "evil:v1"))
    assert names_in(tmp_path) == []


def test_what_is_not_there(fetch: Fetch, registry: Registry) -> None:
    with pytest.raises(StepFailedError, match="answered 404"):
        fetch(address(registry, "none:v1"), retries=3)


def test_a_blob_that_is_not_what_the_manifest_says(fetch: Fetch, registry: Registry, tmp_path: Path) -> None:
    """A registry that lies, in front of the real one's manifest."""
    lie = {"layers": [{"digest": "sha256:" + "0" * 64, "size": 5, "annotations": {}}]}
    with (
        Rough(reply(b""), reply(json.dumps(lie).encode()), reply(b"hello")) as server,
        pytest.raises(UnreachableError, match="is not what its manifest says"),
    ):
        fetch(f"oci+http://127.0.0.1:{server.port}/a:v1")
    assert names_in(tmp_path) == []


def test_a_pinned_manifest_that_is_another(fetch: Fetch) -> None:
    with (
        Rough(reply(b""), reply(b'{"layers": []}')) as server,
        pytest.raises(StepFailedError, match="its manifest has the digest"),
    ):
        fetch(f"oci+http://127.0.0.1:{server.port}/a@sha256:{'0' * 64}")


def test_a_login(fetch: Fetch) -> None:
    """The token that the registry's realm gives for a user and a password."""
    manifest = {"layers": [{"digest": "sha256:" + "0" * 64, "size": 5}]}
    with Rough(reply(json.dumps({"token": "short-lived"}).encode())) as realm:
        header = f'Bearer realm="{realm.url("token")}",service="registry"'
        denied = reply(b"", "401 Unauthorized", WWW_Authenticate=header)
        with Rough(denied, denied, reply(json.dumps(manifest).encode()), reply(b"hello")) as server:
            with pytest.raises(UnreachableError, match="is not what its manifest says"):
                fetch(f"oci+http://127.0.0.1:{server.port}/a:v1", username="me", password="pass-word")
            assert server.asked[2].headers["authorization"] == "Bearer short-lived"
        assert realm.asked[0].headers["authorization"] == f"Basic {base64.b64encode(b'me:pass-word').decode()}"


def test_no_login(fetch: Fetch) -> None:
    denied = reply(b"", "401 Unauthorized", WWW_Authenticate='Basic realm="x"')
    with Rough(denied) as server, pytest.raises(StepFailedError, match="the registry wants credentials"):
        fetch(f"oci+http://127.0.0.1:{server.port}/a:v1", retries=3)


def test_the_login_of_a_registry_with_passwords(fetch: Fetch) -> None:
    denied = reply(b"", "401 Unauthorized", WWW_Authenticate='Basic realm="x"')
    with Rough(denied, denied, reply(b"[]")) as server, pytest.raises(StepFailedError):
        fetch(f"oci+http://127.0.0.1:{server.port}/a:v1", username="me", password="pass-word")
    assert server.asked[2].headers["authorization"] == f"Basic {base64.b64encode(b'me:pass-word').decode()}"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"layers": [{}]}', b'{"layers": [1]}', b'{"manifests": []}'])
def test_what_is_no_manifest(fetch: Fetch, body: bytes) -> None:
    with Rough(reply(b""), reply(body)) as server, pytest.raises(StepFailedError):
        fetch(f"oci+http://127.0.0.1:{server.port}/a:v1", retries=3)


def test_a_registry_that_fails_is_asked_again(fetch: Fetch) -> None:
    with Rough(reply(b"", "503 Service Unavailable")) as server, pytest.raises(UnreachableError, match=r"\(2 tries\)"):
        fetch(f"oci+http://127.0.0.1:{server.port}/a:v1", retries=1)


def test_the_log_is_ours_alone(registry: Registry, tmp_path: Path) -> None:
    """The client logs by itself; not here."""
    done = run_cli(["fetch", address(registry, "none:v1"), tmp_path / "x", "--retries", "0"])
    assert done.returncode == 20
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["failed"]


def test_sigterm_ends_a_hanging_transfer(tmp_path: Path) -> None:
    from tests.steps.fetch.test_faults import hangs

    with (
        Rough(hangs) as server,
        start_cli(["fetch", f"oci+http://127.0.0.1:{server.port}/a:v1", tmp_path / "a"]) as run,
    ):
        until(lambda: server.asked, "the request")
        run.terminate()
        assert run.wait(2.5).returncode == 143
