"""Twenty processes at once on an empty database: twenty exits of 0, each migration once, no deadlock."""

from collections.abc import Callable

import pytest

from tests.folders import Folder
from tests.herd.conftest import MakeHerd
from tests.herd.folders import NATIVE, PLAIN, PLAIN_INDEXES, PRISMA
from tests.support.database import Database
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.herd, pytest.mark.xdist_group("herd"), pytest.mark.usefixtures("server_source")]
WRITTEN = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables"


@pytest.mark.parametrize("folder", [NATIVE, PRISMA], ids=lambda folder: folder.format)
def test_twenty_at_once(make_herd: MakeHerd, folder: Folder) -> None:
    herd = make_herd(folder)
    herd.all_ready(herd.meet())


def test_twenty_at_once_with_nothing_pending(make_herd: MakeHerd) -> None:
    herd = make_herd(PLAIN, PLAIN_INDEXES)
    herd.all_ready(herd.meet(1))
    before = herd.database.value(WRITTEN)
    runs = herd.meet()
    assert [run.ends() for run in runs] == [0] * len(runs)
    assert all("nothing to apply" in run.text for run in runs)
    assert herd.database.value(WRITTEN) == before, "somebody wrote something"


@pytest.mark.parametrize("size", [10, 2], ids=["pool-of-10", "pool-of-2"])
def test_twenty_at_once_behind_a_pooler(make_herd: MakeHerd, herd_server: PostgresServer, size: int) -> None:
    with PgBouncer(herd_server, default_pool_size=size) as pooler:
        herd = make_herd(PLAIN, PLAIN_INDEXES, through=lambda database: pooler.url(database.name))
        herd.all_ready(herd.meet(), pooled=True)


def test_twenty_at_once_behind_a_pooler_with_a_way_around_it(make_herd: MakeHerd, herd_server: PostgresServer) -> None:
    with PgBouncer(herd_server) as pooler:

        def through(database: Database) -> str:
            return pooler.url(database.name)

        herd = make_herd(through=through, direct=True)
        herd.all_ready(herd.meet(), pooled=True)


def test_twenty_at_once_where_there_is_room_for_fewer(
    make_server: Callable[..., PostgresServer], make_herd: MakeHerd
) -> None:
    herd = make_herd(server=make_server(max_connections=15))
    herd.all_ready(herd.meet())
