"""The deadline came while COMMIT waited for a synchronous standby: "failed, nothing of it remains", and it was committed."""

from collections.abc import Callable

from tests.facts.lab import Lab, until
from tests.support.postgres import PostgresServer


def test_what_is_committed_is_not_called_failed(lab: Lab, make_server: Callable[..., PostgresServer]) -> None:
    """A cancel in that wait is answered by COMMIT and a warning."""
    server = make_server(synchronous_standby_names="nobody", synchronous_commit="local")
    lab.url = server.create_database("app")
    lab.write("1_m", "CREATE TABLE t ();")
    lab.good("--to=1")
    lab.write("2_m", "CREATE TABLE u ();\nSET LOCAL synchronous_commit = on;")
    run = lab.start("--deadline=3s")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    until(lambda: server.rows(waits, "app")[0][0], "COMMIT waits for the standby")
    ended = run.end()
    assert server.rows("SELECT to_regclass('u') IS NOT NULL", "app") == [(True,)]
    assert ended.status != 12, ended.text
    assert "nothing of" not in ended.err
    lab.good()


def test_the_deadline_in_a_statement_is_a_failure(lab: Lab, make_server: Callable[..., PostgresServer]) -> None:
    """There it is true that nothing remains."""
    server = make_server()
    lab.url = server.create_database("app")
    lab.write("1_m", "CREATE TABLE t ();\nSELECT pg_sleep(30);")
    ended = lab.run("--deadline=2s")
    assert ended.status == 12, ended.text
    assert "the deadline is over" in ended.err
    assert server.rows("SELECT to_regclass('t') IS NULL", "app") == [(True,)]
