"""A file or a folder of a git repository: by a path, by git's own protocol, by smart http. All served by the real git."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError, UnreachableError
from lockmaster.prepare.steps.fetch.addresses import git_parts
from tests.steps.fetch.looking import mode_of, names_in
from tests.support.git import Repository, Smart, daemon
from tests.support.rough import Rough, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.steps.fetch.conftest import Fetch


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Give a repository with two commits, a tag on the first one, and a branch."""
    made = Repository(tmp_path / "base/app.git")
    made.commit(README="one", db__migrations__1_sql="create", db__seed="x")
    made("tag", "-a", "v1", "-m", "x")
    (made.path / "run").write_text("#!/bin/sh\n")
    (made.path / "run").chmod(0o755)
    (made.path / "db/link").symlink_to("../README")
    made.commit(README="two", db__migrations__2_sql="alter")
    made("branch", "feature/x", "v1^{commit}")
    return made


@pytest.fixture(params=["file", "git", "http"])
def address(request: pytest.FixtureRequest, repository: Repository) -> Iterator[str]:
    """Give the address of the repository, in each way that it is served."""
    base = repository.path.parent
    if request.param == "file":
        yield f"git+file://{repository.path}"
    elif request.param == "git":
        with daemon(base) as server:
            yield f"git+git://127.0.0.1:{server.port}/app.git"
    else:
        with Smart(base) as server:
            yield f"git+http://127.0.0.1:{server.port}/app.git"


def test_a_file(fetch: Fetch, address: str, tmp_path: Path) -> None:
    assert fetch(f"{address}//README").changed
    assert (tmp_path / "target").read_text() == "two"
    assert fetch(f"{address}//README").text == "unchanged"
    assert fetch(f"{address}//README@v1").changed
    assert (tmp_path / "target").read_text() == "one"
    assert fetch.left() == []


def test_a_folder(fetch: Fetch, address: str, tmp_path: Path) -> None:
    assert fetch(f"{address}//db/migrations", "in/").changed
    assert names_in(tmp_path / "in/migrations") == ["1_sql", "2_sql"]
    assert fetch(f"{address}//db/migrations", "in/").text == "unchanged"
    (tmp_path / "in/migrations/1_sql").write_text("mine")
    assert fetch(f"{address}//db/migrations", "in/").changed
    assert fetch(f"{address}//db/migrations@feature/x", "in/").changed
    assert names_in(tmp_path / "in/migrations") == ["1_sql"]


def test_what_is_for_files_is_not_passed_over_for_a_folder(
    fetch: Fetch, repository: Repository, tmp_path: Path
) -> None:
    for fields in ({"sha256": "0" * 64}, {"unpack": True}):
        with pytest.raises(StepFailedError, match="is a folder"):
            fetch(f"git+file://{repository.path}//db/migrations", **fields)
        assert not (tmp_path / "target").exists()
        assert fetch.left() == []


def test_all_of_it(fetch: Fetch, address: str, tmp_path: Path) -> None:
    fetch(address)
    assert names_in(tmp_path / "target") == ["README", "db", "run"]
    assert mode_of(tmp_path / "target/run") == 0o755
    assert (tmp_path / "target/db/link").read_text() == "two"


def test_a_commit(fetch: Fetch, address: str, repository: Repository, tmp_path: Path) -> None:
    """One that no branch points at: where the server does not give it alone, everything is fetched."""
    fetch(address, ref=repository("rev-parse", "v1^{commit}"), path="README")
    assert (tmp_path / "target").read_text() == "one"


def test_what_is_not_there(fetch: Fetch, address: str) -> None:
    with pytest.raises(StepFailedError, match="has no branch or tag nope"):
        fetch(f"{address}//README@nope")
    with pytest.raises(StepFailedError, match="has no nope at HEAD"):
        fetch(f"{address}//nope")
    with pytest.raises((StepFailedError, UnreachableError)):
        fetch(address.replace("app.git", "none.git"))
    with pytest.raises((StepFailedError, UnreachableError)):
        fetch(address, ref="0" * 40)


def test_what_is_too_large(fetch: Fetch, repository: Repository) -> None:
    repository.commit(big=os.urandom(300_000).hex())
    with daemon(repository.path.parent) as server, pytest.raises(StepFailedError, match="larger than max_size"):
        fetch(f"git+git://127.0.0.1:{server.port}/app.git", max_size="100Ki")
    assert fetch.left() == []


def test_a_link_that_leads_out(fetch: Fetch, repository: Repository, tmp_path: Path) -> None:
    (repository.path / "evil").symlink_to("../../outside")
    repository.commit(x="x")
    with pytest.raises(StepFailedError, match="the link evil leads out"):
        fetch(f"git+file://{repository.path}")
    assert not (tmp_path / "target").exists()


def test_a_pointer_to_large_file_storage(fetch: Fetch, repository: Repository) -> None:
    repository.commit(big="version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    with pytest.raises(StepFailedError, match="is kept in Git LFS"):
        fetch(f"git+file://{repository.path}//big")
    fetch(f"git+file://{repository.path}")
    assert [event.message for event in fetch.told("Warned")] == [
        "big is kept in Git LFS: what comes is only its pointer"
    ]


@pytest.mark.parametrize(
    "login", [{"username": "me", "password": "pass-word"}, {"username": "me", "token": "pass-word"}]
)
def test_a_login(fetch: Fetch, repository: Repository, login: dict[str, str]) -> None:
    with Smart(repository.path.parent, "me:pass-word") as server:
        address = f"git+http://127.0.0.1:{server.port}/app.git//README"
        with pytest.raises(StepFailedError, match="answered 401"):
            fetch(address, retries=3)
        assert fetch(address, **login).changed
        assert fetch(address.replace("://", "://me:pass-word@"), "other").changed


def test_no_login_goes_to_another_host(fetch: Fetch, repository: Repository) -> None:
    with Rough(reply(b"", "404 Not Found")) as other:
        away = reply(b"", "302 Found", Location=other.url("app.git/info/refs?service=git-upload-pack"))
        with Rough(away) as server, pytest.raises(StepFailedError):
            fetch(f"git+{server.url('app.git')}", token="top-secret", headers={"X-Token": "also-secret"})
        assert server.asked[0].headers["x-token"] == "also-secret"
        assert not {"authorization", "x-token"} & other.asked[0].headers.keys()


def test_a_server_that_fails_is_asked_again(fetch: Fetch) -> None:
    with (
        Rough(reply(b"", "503 Service Unavailable")) as server,
        pytest.raises(UnreachableError, match=r"503.*\(2 tries\)"),
    ):
        fetch(server.url("app.git").replace("http://", "git+http://"), retries=1)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("git+https://h/r.git//a/b@v1", ("https", "h/r.git", "a/b", "v1")),
        ("git+https://h/r.git@feature/x", ("https", "h/r.git", "", "feature/x")),
        ("git+https://u:p@h:8443/g/r.git", ("https", "u:p@h:8443/g/r.git", "", "")),
        ("git+file:///srv/r//a@b", ("file", "/srv/r", "a", "b")),
    ],
)
def test_addresses(address: str, parts: tuple[str, ...]) -> None:
    assert git_parts(address) == parts
