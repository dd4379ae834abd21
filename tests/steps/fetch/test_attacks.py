"""Archives, volumes and servers that want to reach what is outside. Each attack fails, and leaves nothing."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.errors import StepFailedError
from tests.steps.fetch.archive import hard, link, tar, zipped
from tests.steps.fetch.looking import mode_of, names_in
from tests.support.rough import Rough, reply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.steps.fetch.conftest import Fetch


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Put a file outside that nothing may touch."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("safe")
    return tmp_path / "outside"


def intact(outside: Path) -> bool:
    return names_in(outside) == ["file"] and (outside / "file").read_text() == "safe"


BAD: dict[str, list[tuple[str, Any]]] = {
    "up": [("../outside/evil", "x")],
    "up in the middle": [("a/../../outside/evil", "x")],
    "absolute": [("/evil", "x")],
    "link up": [("l", link("../outside"))],
    "link up, from deep": [("a/b/l", link("../../../outside"))],
    "absolute link": [("l", link("/etc"))],
    "link, then a file through it": [("l", link("../outside")), ("l/evil", "x")],
    "link inside, then a file through it": [("d/x", "x"), ("l", link("d")), ("l/evil", "x")],
    "file, then a link in its folder's place": [("l/evil", "x"), ("l", link("d"))],
    "chain of links": [("d/x", ""), ("d/up", link("..")), ("l", link("d/up/../outside"))],
    "link that is a folder for another": [("a", link(".")), ("a/b", link("..")), ("a/b/evil", "x")],
    "hard link outside": [("h", hard("../outside/file"))],
    "absolute hard link": [("h", hard("/etc/passwd"))],
    "hard link to nothing": [("h", hard("nothing"))],
    "hard link to a link": [("l", link("x")), ("h", hard("l"))],
    "file below a file": [("a", "x"), ("a/b", "x")],
}
TAR_ONLY: dict[str, list[tuple[str, Any]]] = {
    "device": [("d", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5})],
    "block device": [("d", {"type": tarfile.BLKTYPE, "devmajor": 8})],
    "pipe": [("p", {"type": tarfile.FIFOTYPE})],
}


@pytest.mark.parametrize("members", [*BAD.values(), *TAR_ONLY.values()], ids=[*BAD, *TAR_ONLY])
def test_tar(fetch: Fetch, tmp_path: Path, outside: Path, members: list[tuple[str, Any]]) -> None:
    archive = tar(tmp_path / "x", ("good", "x"), *members)
    with pytest.raises(StepFailedError):
        fetch(f"file://{archive}", unpack=True)
    assert intact(outside)
    assert not os.path.lexists(tmp_path / "target")
    assert fetch.left() == []


ZIPS = {name: members for name, members in BAD.items() if "hard" not in name}


@pytest.mark.parametrize("members", ZIPS.values(), ids=ZIPS)
def test_zip(fetch: Fetch, tmp_path: Path, outside: Path, members: list[tuple[str, Any]]) -> None:
    archive = zipped(tmp_path / "x", ("good", "x"), *members)
    with pytest.raises(StepFailedError):
        fetch(f"file://{archive}", unpack=True)
    assert intact(outside)
    assert not os.path.lexists(tmp_path / "target")


def test_strip_does_not_hide_a_way_out(fetch: Fetch, tmp_path: Path, outside: Path) -> None:
    with pytest.raises(StepFailedError, match="leads out"):
        fetch(f"file://{tar(tmp_path / 'x', ('../outside/evil', 'x'))}", unpack=True, strip=1)
    with pytest.raises(StepFailedError, match="leads out"):  # deep enough as it was sent, not as it is laid down
        fetch(f"file://{tar(tmp_path / 'x', ('a/b/l', link('../../x')))}", unpack=True, strip=2)
    assert intact(outside)


def test_special_bits_are_left_out(fetch: Fetch, tmp_path: Path) -> None:
    members = [(name, {"mode": mode, "uid": 0}) for name, mode in (("s", 0o6755), ("t", 0o1777), ("w", 0o666))]
    fetch(f"file://{tar(tmp_path / 'x', *members)}", unpack=True)
    modes = {name: mode_of(tmp_path / "target" / name) for name in "stw"}
    assert modes == {"s": 0o755, "t": 0o755, "w": 0o644}


def test_a_zip_bomb(fetch: Fetch, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50 << 20))
    with pytest.raises(StepFailedError, match="larger than max_size"):
        fetch(f"file://{tmp_path}/x", unpack=True, max_size="1Mi")
    assert fetch.left() == []


def test_a_zip_that_lies_about_its_sizes(fetch: Fetch, tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(5 << 20))
    data = made.getvalue().replace((5 << 20).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(StepFailedError):
        fetch(f"file://{tmp_path}/x", unpack=True, max_size="1Mi")


def test_a_tar_bomb(fetch: Fetch, tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match="larger than max_size"):
        fetch(f"file://{tar(tmp_path / 'x', ('zeros', bytes(20 << 20)))}", unpack=True, max_size="1Mi")


def test_a_tar_of_sparse_files(fetch: Fetch, tmp_path: Path) -> None:
    """A gigabyte of holes is a header of 512 bytes."""
    info = tarfile.TarInfo("holes")
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:398] = header[398:410] = b"00000000000\0"
    header[483:495] = b"77777777777\0"
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x").write_bytes(bytes(header) + bytes(1024))
    with pytest.raises(StepFailedError, match="larger than max_size"):
        fetch(f"file://{tmp_path}/x", unpack=True, max_size="1Mi")


def test_a_header_that_would_fill_the_memory(fetch: Fetch, tmp_path: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    with gzip.open(tmp_path / "x", "wb", compresslevel=1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))
    with pytest.raises(StepFailedError, match="a header in the archive is larger than any header is"):
        fetch(f"file://{tmp_path}/x", unpack=True)


def test_more_entries_than_may_be(fetch: Fetch, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x", "w:gz", compresslevel=1) as archive:
        for number in range(300):
            archive.addfile(tarfile.TarInfo(str(number)))
    with pytest.raises(StepFailedError, match="more than 200 entries"):
        fetch(f"file://{tmp_path}/x", unpack=True, max_files=200)
    assert fetch.left() == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_thousand_entries(fetch: Fetch, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x", "w:gz", compresslevel=1) as archive:
        for number in range(100_001):
            archive.addfile(tarfile.TarInfo(f"{number % 100}/{number}"))
    with pytest.raises(StepFailedError, match="more than 100000 entries"):
        fetch(f"file://{tmp_path}/x", unpack=True, deadline=300)
    assert fetch(f"file://{tmp_path}/x", unpack=True, max_files=200_000, deadline=300).changed


# -- what was planted in the volume --


def test_a_target_that_is_a_link_is_replaced_not_followed(fetch: Fetch, tmp_path: Path, outside: Path) -> None:
    (tmp_path / "target").symlink_to(outside / "file")
    with Rough(reply(b"new")) as server:
        assert fetch(server.url(), mode="0666").changed
    assert intact(outside)
    assert mode_of(outside / "file") != 0o666
    assert not (tmp_path / "target").is_symlink()


def test_a_target_that_is_a_link_to_a_folder(fetch: Fetch, tmp_path: Path, outside: Path) -> None:
    (tmp_path / "target").symlink_to(outside)
    assert fetch(f"file://{tar(tmp_path / 'x', ('a', 'x'))}", unpack=True).changed
    assert intact(outside)
    assert names_in(tmp_path / "target") == ["a"]


def test_a_target_that_is_a_hard_link(fetch: Fetch, tmp_path: Path, outside: Path) -> None:
    """With the right content already: mode and owner are not given to somebody else's file."""
    import hashlib

    os.link(outside / "file", tmp_path / "target")
    (outside / "file").chmod(0o600)
    with Rough(reply(b"safe")) as server:
        assert fetch(server.url(), mode="0666", sha256=hashlib.sha256(b"safe").hexdigest()).changed
    assert mode_of(outside / "file") == 0o600
    assert mode_of(tmp_path / "target") == 0o666


def test_a_target_that_is_a_folder(fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with Rough(reply(b"new")) as server, pytest.raises(StepFailedError) as caught:
        fetch(server.url())
    assert caught.value.message == "target is a folder"
    assert "to: target/ puts the file into it" in caught.value.hint


def test_a_target_that_is_a_pipe(fetch: Fetch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "target")
    with Rough(reply(b"new")) as server, pytest.raises(StepFailedError, match="is a device or a pipe"):
        fetch(server.url())


@pytest.mark.parametrize("name", [".target.lockmaster-part", ".target.lockmaster-part.json", ".target.lockmaster"])
@pytest.mark.parametrize("plant", ["symlink", "hard link", "pipe", "folder"])
def test_planted_at_a_hidden_name(fetch: Fetch, tmp_path: Path, outside: Path, name: str, plant: str) -> None:
    at = tmp_path / name
    if plant == "symlink":
        at.symlink_to(outside / "file")
    elif plant == "hard link":
        os.link(outside / "file", at)
    elif plant == "pipe":
        os.mkfifo(at)
    else:
        at.mkdir()
        (at / "x").write_text("x")
    with Rough(reply(b"new", ETag='"v1"')) as server:
        assert fetch(server.url(), deadline=5).changed
    assert (tmp_path / "target").read_text() == "new"
    assert intact(outside)


def test_a_name_from_the_address_stays_in_the_folder(fetch: Fetch, tmp_path: Path) -> None:
    with Rough(reply(b"new")) as server:
        fetch(server.url("a/..%2F..%2Fevil"), "in/")
    assert names_in(tmp_path / "in") == ["evil"]
