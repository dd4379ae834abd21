"""https and http against a real nginx: what comes, what is not asked for again, whom it trusts, what it sends where."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError, UnreachableError
from tests.steps.fetch.looking import mode_of
from tests.support.fileserver import FileServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.steps.fetch.conftest import Fetch
    from tests.support.certificates import Authority


@pytest.fixture(autouse=True)
def content(web: FileServer) -> None:
    """Put the same files there before each test."""
    (web.root / "a.txt").write_text("hello\n")
    for name in ("private", "slow"):
        (web.root / name).mkdir(exist_ok=True)
        (web.root / name / "a.txt").write_text("hello\n")


def asked(web: FileServer, since: int) -> list[str]:
    return [line.split(" range")[0] for line in web.requests()[since:]]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_file_comes_and_a_second_run_changes_nothing(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    before = len(web.requests())
    first, second = fetch(web.url("a.txt")), fetch(web.url("a.txt"))
    assert (first.changed, first.text) == (True, "fetched 6 bytes")
    assert (second.changed, second.text) == (False, "unchanged")
    assert asked(web, before) == ["200 /a.txt", "304 /a.txt"]
    assert (tmp_path / "target").read_text() == "hello\n"
    assert mode_of(tmp_path / "target") == 0o644
    assert fetch.left() == []


def test_what_was_changed_here_comes_again(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    fetch(web.url("a.txt"))
    (tmp_path / "target").write_text("mine\n")
    assert fetch(web.url("a.txt")).changed
    assert (tmp_path / "target").read_text() == "hello\n"


def test_what_was_changed_there_comes_again(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    fetch(web.url("a.txt"))
    (web.root / "a.txt").write_text("longer now\n")
    assert fetch(web.url("a.txt")).changed
    assert (tmp_path / "target").read_text() == "longer now\n"


def test_with_the_right_checksum_nothing_is_asked(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("hello\n")
    before = len(web.requests())
    assert not fetch(web.url("a.txt"), sha256=sha256(b"hello\n")).changed
    assert asked(web, before) == []


def test_a_wrong_checksum_leaves_the_old_file(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old\n")
    with pytest.raises(StepFailedError, match=f"its SHA-256 is {sha256(b'hello' + bytes([10]))}, wanted is 0000"):
        fetch(web.url("a.txt"), sha256="0" * 64)
    assert (tmp_path / "target").read_text() == "old\n"
    assert fetch.left() == []


@pytest.mark.parametrize("line", ["{} *a.txt", "{}  ./a.txt", "SHA256 (a.txt) = {}", "{}"])
def test_checksums_of_a_file_beside_it(fetch: Fetch, web: FileServer, tmp_path: Path, line: str) -> None:
    (web.root / "SUMS").write_text(line.format(sha256(b"hello\n")) + "\n")
    assert fetch(web.url("a.txt"), checksum=web.url("SUMS")).changed
    (tmp_path / "SUMS").write_text(f"{'0' * 64}  a.txt\n{'1' * 64}  b.txt\n")
    with pytest.raises(StepFailedError, match="wanted is 0000"):
        fetch(web.url("a.txt"), checksum="SUMS")


def test_checksums_that_do_not_name_it(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    (tmp_path / "SUMS").write_text(f"{'0' * 64}  b.txt\n")
    with pytest.raises(StepFailedError) as caught:
        fetch(web.url("a.txt"), checksum="SUMS")
    assert caught.value.message.endswith("has no SHA-256 of a.txt")
    assert caught.value.hint == "it names b.txt"


def test_mode_and_owner_are_set_and_repaired(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    mine = f"{os.geteuid()}:{os.getegid()}"
    fetch(web.url("a.txt"), mode="0640", owner=mine)
    assert mode_of(tmp_path / "target") == 0o640
    (tmp_path / "target").chmod(0o600)
    outcome = fetch(web.url("a.txt"), mode="0640", owner=mine)
    assert (outcome.changed, outcome.text) == (True, "mode 0640")
    assert not fetch(web.url("a.txt"), mode="0640", owner=mine).changed


def test_a_target_with_a_slash_is_the_folder(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    fetch(web.url("a.txt"), "deep/er/")
    assert (tmp_path / "deep/er/a.txt").read_text() == "hello\n"


def test_an_answer_of_4xx_is_final_and_told(fetch: Fetch, web: FileServer) -> None:
    with pytest.raises(StepFailedError) as caught:
        fetch(web.url("gone"), retries=5)
    assert caught.value.message == f"{web.url('gone')} answered 410 Gone: it was moved"
    assert not fetch.told("Warned")


def test_an_answer_of_5xx_is_tried_again(fetch: Fetch, web: FileServer) -> None:
    with pytest.raises(UnreachableError, match=r"answered 503 .*\(3 tries\)"):
        fetch(web.url("busy"), retries=2)
    assert len(fetch.told("Warned")) == 2


def test_what_is_too_large_is_not_begun(fetch: Fetch, web: FileServer) -> None:
    (web.root / "big").write_bytes(bytes(200_000))
    with pytest.raises(StepFailedError, match="larger than max_size"):
        fetch(web.url("big"), max_size="100Ki")
    assert fetch.left() == []


def test_basic_authentication(fetch: Fetch, web: FileServer) -> None:
    with pytest.raises(StepFailedError, match="answered 401"):
        fetch(web.url("private/a.txt"))
    fetch(web.url("private/a.txt"), username="me", password="pass-word")
    assert fetch(web.url("private/a.txt").replace("://", "://me:pass-word@"), "other").changed
    assert "pass-word" in fetch.hidden


def test_the_file_of_a_password(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pass-word\n")
    assert fetch(web.url("private/a.txt"), username="me", password_file="secret").changed


# -- TLS --


def test_an_authority_of_ones_own(fetch: Fetch, authority: Authority) -> None:
    with FileServer(tls=authority.sign("server", "127.0.0.1")) as server:
        (server.root / "a.txt").write_text("hello\n")
        with pytest.raises(StepFailedError, match="its certificate is not trusted"):
            fetch(server.url("a.txt"), retries=3)
        assert fetch(server.url("a.txt"), ca=str(authority.ca)).changed


def test_a_certificate_that_has_expired(fetch: Fetch, authority: Authority) -> None:
    with FileServer(tls=authority.sign("old", "127.0.0.1", days=-1)) as server:
        (server.root / "a.txt").write_text("hello\n")
        with pytest.raises(StepFailedError, match="not trusted: certificate has expired"):
            fetch(server.url("a.txt"), ca=str(authority.ca), retries=3)


def test_a_client_certificate(fetch: Fetch, authority: Authority) -> None:
    cert, key = map(str, authority.sign("client"))
    asks = f"ssl_client_certificate {authority.ca}; ssl_verify_client on;"
    with FileServer(tls=authority.sign("server", "127.0.0.1"), more_tls=asks) as server:
        (server.root / "a.txt").write_text("hello\n")
        with pytest.raises(StepFailedError, match="answered 400"):
            fetch(server.url("a.txt"), ca=str(authority.ca))
        assert fetch(server.url("a.txt"), ca=str(authority.ca), cert=cert, key=key).changed


# -- redirects --


def test_a_redirect_is_followed(fetch: Fetch, web: FileServer) -> None:
    assert fetch(web.url("hop")).changed


def test_a_redirect_loop_ends(fetch: Fetch, web: FileServer) -> None:
    with pytest.raises(StepFailedError, match="was redirected 10 times"):
        fetch(web.url("loop"))


def test_no_credential_goes_to_another_host(fetch: Fetch, web: FileServer) -> None:
    before = len(web.requests())
    assert fetch(web.url("away"), token="top-secret", headers={"X-Token": "also-secret"}).changed
    first, second = web.requests()[before:]
    assert first.endswith("/away range=- auth=Bearer top-secret token=also-secret")
    assert second.endswith("range=- auth=- token=-")
    assert {"top-secret", "also-secret", "deadbeefdeadbeef"} <= set(fetch.hidden)


def test_a_checksum_elsewhere_gets_no_credential(fetch: Fetch, web: FileServer) -> None:
    (web.root / "SUMS").write_text(sha256(b"hello\n"))
    before = len(web.requests())
    fetch(web.url("a.txt"), checksum=f"http://127.0.0.1:{web.other_port}/SUMS", token="top-secret")
    assert [line.partition("range=")[2] for line in web.requests()[before:]] == [
        "- auth=- token=-",
        "- auth=Bearer top-secret token=-",
    ]


def test_no_step_down_from_tls(fetch: Fetch, authority: Authority) -> None:
    down = "location = /down { return 302 OTHER/a.txt; }"
    with (
        FileServer(down, tls=authority.sign("server", "127.0.0.1")) as server,
        pytest.raises(StepFailedError) as caught,
    ):
        fetch(server.url("down"), ca=str(authority.ca))
    assert caught.value.message.endswith("/a.txt, which is not safe")


def test_no_other_scheme(fetch: Fetch, web: FileServer) -> None:
    with pytest.raises(StepFailedError, match="redirects to ftp:"):
        fetch(web.url("scheme"))


# -- a cache on a volume --


def test_an_etag_cache_serves_a_new_target(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    before = len(web.requests())
    assert fetch(web.url("a.txt"), "one/target", etag_cache="cache", mode="0644").changed
    assert fetch(web.url("a.txt"), "two/target", etag_cache="cache", mode="0604").changed
    assert not fetch(web.url("a.txt"), "two/target", etag_cache="cache", mode="0604").changed
    assert asked(web, before) == ["200 /a.txt", "304 /a.txt", "304 /a.txt"]
    assert (tmp_path / "two/target").read_text() == "hello\n"
    assert mode_of(tmp_path / "two/target") == 0o604
    (cached,) = (tmp_path / "cache").glob("*-a.txt")
    assert mode_of(cached) == 0o600


def test_an_etag_cache_in_a_folder_with_an_odd_name(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    assert fetch(web.url("a.txt"), etag_cache="50% off? #1 ä").changed
    assert (tmp_path / "target").read_text() == "hello\n"


def test_an_etag_cache_is_not_needed_for_what_is_there(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("hello\n")
    before = len(web.requests())
    assert not fetch(web.url("a.txt"), etag_cache="cache", sha256=sha256(b"hello\n")).changed
    assert asked(web, before) == []
