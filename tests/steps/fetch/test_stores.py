"""S3, Azure and Google Cloud Storage, each against its ecosystem's stand-in (tests/support/objects.py)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError, UnreachableError, UsageError
from lockmaster.prepare.steps.fetch.run import _hash
from tests.steps.fetch.archive import tar
from tests.steps.fetch.looking import names_in
from tests.support.cli import run_cli, start_cli, until
from tests.support.objects import S3, Azure, Google, ObjectStore
from tests.support.rough import Rough, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.steps.fetch.conftest import Fetch

pytestmark = pytest.mark.timeout(600)  # the first run on a machine installs one of them
BIG = os.urandom(3 << 20)


@pytest.fixture(scope="module", params=[S3, Azure, Google])
def objects(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    """Give each of the three."""
    with request.param() as server:
        yield server


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    """Give one of them, for what does not depend on which."""
    with S3() as server:
        yield server


def test_an_object(fetch: Fetch, objects: ObjectStore, tmp_path: Path) -> None:
    objects.put("a.txt", b"hello\n")
    assert fetch(objects.url("a.txt"), "in/", store=objects.store).changed
    assert (tmp_path / "in/a.txt").read_text() == "hello\n"
    assert fetch(objects.url("a.txt"), "in/", store=objects.store).text == "unchanged"
    objects.put("a.txt", b"other\n")
    assert fetch(objects.url("a.txt"), "in/", store=objects.store).changed
    assert (tmp_path / "in/a.txt").read_text() == "other\n"
    assert fetch.left() == []


def test_an_archive(fetch: Fetch, objects: ObjectStore, tmp_path: Path) -> None:
    objects.put("x.tar.gz", tar(tmp_path / "x", ("top/a", "x")).read_bytes())
    assert fetch(objects.url("x.tar.gz"), store=objects.store, unpack=True, strip=1).changed
    assert names_in(tmp_path / "target") == ["a"]
    assert fetch(objects.url("x.tar.gz"), store=objects.store, unpack=True, strip=1).text == "unchanged"


def test_an_object_that_is_not_there(fetch: Fetch, objects: ObjectStore) -> None:
    with pytest.raises(StepFailedError) as caught:
        fetch(objects.url("nope"), store=objects.store, retries=3)
    assert caught.value.message == f"{objects.url('nope')} is not there"


def test_what_is_too_large(fetch: Fetch, objects: ObjectStore) -> None:
    objects.put("big", BIG)
    with pytest.raises(StepFailedError, match="larger than max_size"):
        fetch(objects.url("big"), store=objects.store, max_size="1Mi")
    assert fetch.left() == []


def test_a_part_is_gone_on_with(fetch: Fetch, objects: ObjectStore, tmp_path: Path) -> None:
    """The server is real; what is there of the object was left by a run before: a part, and the note beside it."""
    objects.put("big", BIG)
    interrupted(fetch, objects, tmp_path, BIG)
    assert fetch(objects.url("big"), store=objects.store).changed
    assert (tmp_path / "target").read_bytes() == b"S" + BIG[1:]  # its first byte shows that it was not sent again


def test_an_object_that_changed_is_not_gone_on_with(fetch: Fetch, objects: ObjectStore, tmp_path: Path) -> None:
    objects.put("big", BIG)
    interrupted(fetch, objects, tmp_path, BIG)
    objects.put("big", BIG[::-1])
    assert fetch(objects.url("big"), store=objects.store).changed
    assert (tmp_path / "target").read_bytes() == BIG[::-1]


def interrupted(fetch: Fetch, objects: ObjectStore, folder: Path, data: bytes) -> None:
    """Leave what a run killed in the middle of `big` leaves; its first byte is marked."""
    fetch(objects.url("big"), "whole", store=objects.store)
    record = json.loads((folder / ".whole.lockmaster").read_text())
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    key = _hash(json.dumps([objects.url("big"), "", "", ""]))
    note = {"key": key, "version": record["version"], "total": len(data), "boot": boot}
    (folder / ".target.lockmaster-part").write_bytes(b"S" + data[1 : 1 << 20])
    (folder / ".target.lockmaster-part.json").write_text(json.dumps(note))


# -- what does not depend on which of them it is --


def test_a_wrong_bucket(fetch: Fetch, s3: S3) -> None:
    with pytest.raises(StepFailedError):
        fetch("s3://nope/a", store=s3.store, retries=3)


def test_a_server_that_is_not_there_is_asked_again(fetch: Fetch, s3: S3) -> None:
    with Rough(reply(b"")) as gone:
        endpoint = f"http://127.0.0.1:{gone.port}"
    with pytest.raises(UnreachableError, match=r"\(2 tries\)"):
        fetch("s3://bucket/a", store=s3.store | {"endpoint": endpoint}, retries=1)


def test_a_server_that_refuses(fetch: Fetch, s3: S3) -> None:
    body = b"<Error><Code>AccessDenied</Code></Error>"
    with (
        Rough(reply(body, "403 Forbidden")) as server,
        pytest.raises(StepFailedError, match="may not be read with these"),
    ):
        fetch("s3://bucket/a", store=s3.store | {"endpoint": f"http://127.0.0.1:{server.port}"}, retries=3)


def test_a_setting_that_nobody_knows(fetch: Fetch, s3: S3) -> None:
    with pytest.raises(UsageError) as caught:
        fetch("s3://bucket/a", store=s3.store | {"enpoint": "x"})
    assert "obstore" in caught.value.hint


def test_no_key(fetch: Fetch) -> None:
    with pytest.raises(UsageError, match="names no object"):
        fetch("s3://bucket")


def test_an_etag_cache(fetch: Fetch, s3: S3) -> None:
    s3.put("a.txt", b"hello\n")
    for name in ("one", "two"):
        assert fetch(s3.url("a.txt"), name, store=s3.store, etag_cache="cache").changed
    assert not fetch(s3.url("a.txt"), "two", store=s3.store, etag_cache="cache").changed


def test_by_the_environment_alone_and_no_secret_is_told(s3: S3, tmp_path: Path) -> None:
    s3.put("a.txt", b"hello\n")
    env = {
        "AWS_ENDPOINT_URL": str(s3.store["endpoint"]),
        "AWS_ACCESS_KEY_ID": "test-id",
        "AWS_SECRET_ACCESS_KEY": "very-secret-key",
        "AWS_REGION": "us-east-1",
    }
    done = run_cli(["fetch", "s3://bucket/a.txt", tmp_path / "a"], env=env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a").read_text() == "hello\n"
    assert "very-secret-key" not in done.stderr + done.stdout


def test_sigterm_ends_a_hanging_transfer(s3: S3, tmp_path: Path) -> None:
    from tests.steps.fetch.test_faults import hangs

    with Rough(hangs) as server:
        options = [
            f"--store=endpoint=http://127.0.0.1:{server.port}",
            "--store=region=x",
            "--store=skip_signature=true",
        ]
        with start_cli(["fetch", "s3://bucket/a", tmp_path / "a", *options]) as run:
            until(lambda: server.asked, "the request")
            run.terminate()
            assert run.wait(2.5).returncode == 143
