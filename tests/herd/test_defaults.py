"""Twenty at once where the defaults of the database or of the role bite (PROTOCOL-FACTS A4, B1, B2, B4, D9)."""

from collections.abc import Mapping

import pytest

from tests.herd.conftest import MakeHerd
from tests.herd.folders import OWN_SCHEMA
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.herd, pytest.mark.xdist_group("herd"), pytest.mark.usefixtures("server_source")]
ISOLATION = "default_transaction_isolation"
DEFAULTS: dict[str, Mapping[str, object]] = {
    "repeatable-read": {ISOLATION: "repeatable read"},
    "serializable": {ISOLATION: "serializable"},
    "read-only": {"default_transaction_read_only": "on"},
    "idle-session-timeout": {"idle_session_timeout": "1s", "idle_in_transaction_session_timeout": "1s"},
    "search-path": {},  # the default, "$user", public, which bites when a script makes that schema
    "german-dates": {"DateStyle": "German, DMY", "TimeZone": "Europe/Berlin", "IntervalStyle": "iso_8601"},
    "other-lexing": {"bytea_output": "escape", "client_min_messages": "debug1", "extra_float_digits": "-5"},
}
TOGETHER: Mapping[str, object] = {
    ISOLATION: "serializable", "default_transaction_read_only": "on", "idle_session_timeout": "1s",
    "idle_in_transaction_session_timeout": "1s", "DateStyle": "German, DMY",
}  # fmt: skip


def twenty(make_herd: MakeHerd, server: PostgresServer, settings: Mapping[str, object]) -> None:
    newer = {"transaction_timeout": "2s"} if server.major >= 17 and "idle_session_timeout" in settings else {}
    known = {name: value for name, value in settings.items() if server.major >= 14 or name != "idle_session_timeout"}
    role, _ = server.create_role(None, attributes="LOGIN SUPERUSER", **known, **newer)
    herd = make_herd(OWN_SCHEMA, user=role)
    herd.all_ready(herd.meet())


def test_twenty_at_once_where_all_defaults_bite(make_herd: MakeHerd, herd_server: PostgresServer) -> None:
    twenty(make_herd, herd_server, TOGETHER)


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFAULTS)
def test_twenty_at_once_where_one_default_bites(make_herd: MakeHerd, herd_server: PostgresServer, name: str) -> None:
    twenty(make_herd, herd_server, DEFAULTS[name])


@pytest.mark.slow
def test_twenty_at_once_where_the_database_has_the_defaults(make_herd: MakeHerd) -> None:
    herd = make_herd()
    herd.database.set(**{ISOLATION: "serializable", "default_transaction_read_only": "on", "DateStyle": "German, DMY"})
    herd.all_ready(herd.meet())
