"""What the catalog shows about CREATE INDEX CONCURRENTLY was read wrongly."""

from tests.facts.lab import Lab
from tests.support.database import Database


def test_if_not_exists_and_another_table_has_the_name(lab: Lab, database: Database) -> None:
    """The server skips it; "no index was made" was tried again until the budget ended, in each run."""
    lab.write("1_m", "CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE INDEX ix ON u (a);")
    lab.write("2_m", "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON t (a);")
    assert lab.run("--ddl-lock-budget=1s").status == 0
    assert database.value("SELECT count(*) FROM lockmaster_history WHERE applied_at IS NOT NULL") == 2


def test_an_index_without_a_name_is_not_any_new_one(lab: Lab, database: Database) -> None:
    """Interrupted before it began, and somebody made another index of the table meanwhile: ours was never made."""
    lab.write("1_m", "CREATE TABLE t (a int, b int);")
    lab.write("2_m", "CREATE INDEX CONCURRENTLY ON t (a);")
    assert lab.run(fault="intent=kill").status == -9
    database.execute("CREATE INDEX theirs ON t (b)")
    lab.good()
    assert database.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 't'::regclass ORDER BY 1") == [
        ("t_a_idx",), ("theirs",),
    ]  # fmt: skip


def test_an_index_without_a_name_of_a_long_table_is_known_again(lab: Lab, database: Database) -> None:
    """The server cuts both parts of the name it makes up."""
    table, column = "t" * 50, "c" * 40
    lab.write("1_m", f"CREATE TABLE {table} ({column} int);")
    lab.write("2_m", f"CREATE INDEX CONCURRENTLY ON {table} ({column});")
    assert lab.run(fault="alone-answered=kill").status == -9
    lab.good()
    assert database.value(f"SELECT count(*) FROM pg_index WHERE indrelid = '{table}'::regclass") == 1
