"""With --schema the first read went by the role's search path, the one under the turn by --schema: two histories, one lock."""

from tests.facts.lab import Lab
from tests.support.database import Database

COPY = "CREATE TABLE public.lockmaster_history (LIKE app.lockmaster_history INCLUDING ALL)"


def _in_app(lab: Lab, database: Database) -> None:
    database.execute("CREATE SCHEMA app")
    lab.write("1_m", "CREATE TABLE one ();")
    lab.good("--schema=app", "--history-schema=app")
    lab.write("2_m", "CREATE TABLE two ();")


def test_somebody_elses_history_in_public_is_not_ours(lab: Lab, database: Database) -> None:
    """It said "ready" for a migration that was never applied."""
    _in_app(lab, database)
    database.execute(COPY)
    rows = "SELECT * FROM app.lockmaster_history UNION ALL SELECT 2, '2_m', kind, sha256, started_at, applied_at,"
    rest = "duration_ms, applied_by, lockmaster_version, journal FROM app.lockmaster_history"
    database.execute(f"INSERT INTO public.lockmaster_history {rows} {rest}")
    assert "1 pending" in lab.good("--schema=app", command="status").out
    lab.good("--schema=app")
    assert database.value("SELECT to_regclass('app.two') IS NOT NULL")


def test_the_lock_is_that_of_the_history(lab: Lab, database: Database) -> None:
    """Else two runs, one with and one without --history-schema, migrate at the same time."""
    _in_app(lab, database)
    keys = []
    for options in (["--schema=app"], ["--schema=app", "--history-schema=app"]):
        pause = lab.pause()
        run = lab.start(*options, fault=pause.at("read-under-turn"))
        pause.wait()
        keys += database.rows("SELECT DISTINCT classid, objid FROM pg_locks WHERE locktype = 'advisory'")
        run.kill()
        pause.let_go()
    assert len(keys) == 2
    assert keys[0] == keys[1]
