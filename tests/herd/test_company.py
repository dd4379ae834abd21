"""A herd is not alone: an application that notifies, an old snapshot, the original tool that waits in its lock."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg2
import pytest

from tests.herd.conftest import MakeHerd
from tests.herd.folders import PRISMA
from tests.support.cli import until
from tests.support.database import Database

pytestmark = [pytest.mark.herd, pytest.mark.xdist_group("herd"), pytest.mark.usefixtures("server_source")]
PRISMA_LOCK = 72707369
NOTIFIES = 3000


@contextmanager
def notifying(database: Database) -> Iterator[list[int]]:
    """An application that tells its own listeners something, thousands of times."""
    sent = [0]
    over = threading.Event()

    def work() -> None:
        with database.connect() as connection, connection.cursor() as cursor:
            while not over.is_set():
                cursor.execute("SELECT pg_notify('jobs', i::text) FROM generate_series(1, 10) AS i")
                sent[0] += 10
                time.sleep(0.005)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield sent
    finally:
        over.set()
        thread.join(30)


def test_twenty_at_once_beside_an_application_that_notifies(make_herd: MakeHerd) -> None:
    herd = make_herd()
    with notifying(herd.database) as sent:
        herd.all_ready(herd.meet())
    assert sent[0] >= NOTIFIES


def test_an_index_waits_for_an_old_snapshot_and_does_not_fail(make_herd: MakeHerd) -> None:
    herd = make_herd()
    with herd.old_snapshot():
        runs = herd.meet()
        until(herd.index_waits, "the index waits", 60)
        time.sleep(3)
        assert herd.index_waits(), "it did not go on waiting"
    herd.all_ready(runs)


@contextmanager
def prisma_waits(database: Database, count: int) -> Iterator[None]:
    """Sessions that are blocked in Prisma's lock, as its pods are while somebody migrates."""
    with ExitStack() as stack:
        threads = []
        for _ in range(count):
            connection = psycopg2.connect(database.url, application_name="prisma")
            stack.callback(connection.close)
            threads.append(threading.Thread(target=_wait_in_the_lock, args=(connection,)))
            threads[-1].start()
        yield
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()


def _wait_in_the_lock(connection: psycopg2.extensions.connection) -> None:
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_lock({PRISMA_LOCK})")
            cursor.execute(f"SELECT pg_advisory_unlock({PRISMA_LOCK})")
    except psycopg2.errors.QueryCanceled:
        pass  # as its pod would see it: P1002, and it starts again


def test_twenty_at_once_while_prisma_waits_in_its_lock(make_herd: MakeHerd) -> None:
    herd = make_herd(PRISMA)
    runs = herd.meet()
    until(herd.sleeps, "one of them migrates", 60)
    with prisma_waits(herd.database, 3):
        waiting = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND objid = {PRISMA_LOCK}"
        until(lambda: herd.database.value(waiting) == 3, "prisma waits")
        for run in runs:
            run.ends()
    herd.all_ready(runs)
