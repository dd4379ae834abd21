"""One script, two databases: Prisma runs it on one, Lockmaster on the other, and the same must come of it.

The judge sends a script as the native engine does, in one message. What is compared: whether it went well,
what the schema is afterwards, and the history.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prisma import folder
from tests.prisma.judge import Prisma
from tests.prisma.ours import Lockmaster
from tests.prisma.test_judge import history, said
from tests.support.database import Database

pytestmark = [pytest.mark.prisma, pytest.mark.timeout(300), pytest.mark.usefixtures("real_prisma")]

BEFORE = "20240101000000_before"
NAME = "20240101000001_special"
AFTER = "20240101000002_after"
TABLE = """CREATE TYPE kind AS ENUM ('a');
CREATE TABLE t (id int PRIMARY KEY, label text);
INSERT INTO t SELECT g, 'x' FROM generate_series(1, 3) g;
"""
DEFERRED = "CREATE TABLE a (i int REFERENCES t DEFERRABLE INITIALLY DEFERRED);"

WELL = {
    "empty": "",
    "blank": " \n\t\n",
    "comment only": "-- nothing to do",
    "block comment only": "/* nothing\nto do */",
    "semicolons only": ";;\n;",
    "no newline at the end": "CREATE TABLE @a (i int)",
    "comment at the end": "CREATE TABLE @a (i int) -- done",
    "open line comment with quote": "CREATE TABLE @a (i int); -- don't",
    "carriage returns": "CREATE TABLE @a (\r\n i int\r\n);\r\n-- é\r\n",
    "lone carriage returns": "CREATE TABLE @a (i int);\r-- a comment to here\rCREATE TABLE @b (i int);",
    "unicode": 'CREATE TABLE "größe 📏" ("ключ" text DEFAULT \'日本\');',
    "nested comment": "/* a /* b; */ c; */ CREATE TABLE @a (i int);",
    "dollar quotes": "DO $x$ BEGIN EXECUTE $y$CREATE TABLE @a (i int);$y$; END $x$;",
    "escape string": "CREATE TABLE @a (i text DEFAULT E'it\\'s; $$ not');",
    "standard body": "CREATE FUNCTION @f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;",
    "own transaction": "BEGIN;\nCREATE TABLE @a (i int);\nCOMMIT;\n",
    "two own transactions": "BEGIN;\nCREATE TABLE @a ();\nCOMMIT;\nBEGIN;\nCREATE TABLE @b ();\nEND;\n",
    "before an own transaction": "CREATE TABLE @a ();\nBEGIN;\nCREATE TABLE @b ();\nCOMMIT;",
    "own rollback": "BEGIN;\nCREATE TABLE @a (i int);\nROLLBACK;\n",
    "savepoint": "BEGIN;SAVEPOINT s;CREATE TABLE @a (i int);ROLLBACK TO s;CREATE TABLE @b (i int);COMMIT;",
    "concurrent index": "CREATE INDEX CONCURRENTLY ON t (label)",
    "concurrent index with comments": "--\n/**/ CREATE INDEX CONCURRENTLY IF NOT EXISTS @i ON t (id); -- z",
    "drop index concurrently": "DROP INDEX CONCURRENTLY IF EXISTS nothing",
    "reindex concurrently": "REINDEX TABLE CONCURRENTLY t",
    "vacuum": "VACUUM (ANALYZE) t",
    "enum value": "CREATE TYPE @e AS ENUM ('a');\nALTER TYPE @e ADD VALUE 'b';",
    "block that commits": "DO $$ BEGIN INSERT INTO t VALUES (7); COMMIT; DELETE FROM t WHERE id = 2; END $$",
    "timeouts": "SET statement_timeout = 0;\nSET lock_timeout = 0;\nCREATE TABLE @a ();",
    "local settings": "SET LOCAL lock_timeout = '5s';\nCREATE TABLE @a (i int);",
    "unlock all": "SELECT pg_advisory_unlock_all();\nCREATE TABLE @a (i int);",
    "discard": "DISCARD TEMP;\nDISCARD PLANS;\nCREATE TABLE @a (i int);",
    "temporary table": "CREATE TEMP TABLE x AS SELECT 1 AS i;\nCREATE TABLE @a AS SELECT * FROM x;",
    "own advisory lock": "SELECT pg_advisory_lock(1);\nCREATE TABLE @a (i int);",
    "deferred constraint": DEFERRED.replace("TABLE a", "TABLE @a") + "\nINSERT INTO @a VALUES (1);",
    "rows that come back": "SELECT * FROM t;\nCREATE TABLE @a (i int);\nSELECT count(*) FROM @a;",
    "copy of the name of the history": "CREATE SCHEMA @s;\nCREATE TABLE @s._prisma_migrations (id int);",
    "notices": "DO $$ BEGIN RAISE NOTICE 'hello'; END $$;\nDROP TABLE IF EXISTS nothing;",
    "listen and notify": "LISTEN x;\nNOTIFY x;\nCREATE TABLE @a (i int);",
    "prepared statement": "PREPARE p AS SELECT 1;\nEXECUTE p;\nDEALLOCATE p;",
    "read committed by name": "BEGIN ISOLATION LEVEL SERIALIZABLE;\nCREATE TABLE @a (i int);\nCOMMIT;",
}
BADLY = {
    "syntax": "CREATE TABLE a (;",
    "at run time": "CREATE TABLE a (i int);\nSELECT 1 / 0;",
    "at commit": f"{DEFERRED}\nINSERT INTO a VALUES (99);",
    "unterminated string": "CREATE TABLE a (i text DEFAULT 'x);",
    "unterminated comment": "CREATE TABLE a (i int); /* and so on",
    "unterminated dollar quote": "DO $x$ BEGIN END",
    "psql command": "\\set x 1\nCREATE TABLE a (i int);",
    "copy from stdin": "COPY t FROM stdin;\n1\tx\n\\.\n",
    "enum value used at once": "ALTER TYPE kind ADD VALUE 'b';\nCREATE TABLE a (c kind DEFAULT 'b');",
}
BETTER = {
    "search path": "CREATE SCHEMA other;\nSET search_path = other;\nCREATE TABLE a (i int);",
    "empty search path": "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.a ();",
    "byte order mark": "\ufeffCREATE TABLE a (i int);",
}


def run_both(
    tmp_path: Path, make_database: Callable[..., Database], scripts: dict[str, str]
) -> tuple[Database, Database, tuple[int, str], tuple[int, str]]:
    """Run the scripts with Prisma on one database and with Lockmaster on the other."""
    theirs, ours = make_database(), make_database()
    prisma = Prisma(tmp_path / "project", theirs.url)
    for name, sql in scripts.items():
        folder.add(prisma.migrations, name, sql)
    one, other = prisma.deploy(), Lockmaster(prisma.migrations, ours.url).migrate()
    return theirs, ours, (one.returncode, said(one)), (other.returncode, said(other))


def test_all_goes_as_well_as_with_prisma(tmp_path: Path, make_database: Callable[..., Database]) -> None:
    """One folder of them all: a run of Prisma takes a second. `@` makes the names of a script its own."""
    scripts = {BEFORE: TABLE}
    for index, (title, sql) in enumerate(WELL.items()):
        name = f"202401020000{index:02}_{title.replace(' ', '_')}"
        scripts[name] = sql.replace("@", f"n{index}_")
    theirs, ours, (status, text), (our_status, our_text) = run_both(tmp_path, make_database, scripts)
    assert status == 0, text
    assert our_status == 0, our_text
    assert ours.dump("--schema-only") == theirs.dump("--schema-only")
    assert ours.rows("SELECT * FROM t ORDER BY 1") == theirs.rows("SELECT * FROM t ORDER BY 1")
    assert history(ours) == history(theirs)


@pytest.mark.parametrize("sql", BETTER.values(), ids=BETTER.keys())
def test_it_goes_well_where_prisma_stumbles(tmp_path: Path, make_database: Callable[..., Database], sql: str) -> None:
    """A dump of pg_dump, say, empties the search path, and Prisma then does not find its own table."""
    scripts = {BEFORE: TABLE, NAME: sql, AFTER: "CREATE TABLE later (i int);\n"}
    _, ours, (status, text), (our_status, our_text) = run_both(tmp_path, make_database, scripts)
    assert status == 1, text
    assert our_status == 0, our_text
    prisma = Prisma(tmp_path / "project", ours.url)
    done = prisma.deploy()
    assert (done.returncode, "No pending migrations" in done.stdout) == (0, True), said(done)


def rows_if_any(database: Database) -> list[tuple[object, ...]]:
    there = database.value("SELECT to_regclass('_prisma_migrations') IS NOT NULL")
    return history(database) if there else []


@pytest.mark.parametrize("sql", BADLY.values(), ids=BADLY.keys())
def test_it_fails_as_with_prisma_and_leaves_no_more(
    tmp_path: Path, make_database: Callable[..., Database], sql: str
) -> None:
    """Lockmaster may leave less (no row, nothing half-done), and Prisma can go on with the mended file."""
    scripts = {BEFORE: TABLE, NAME: sql, AFTER: "CREATE TABLE later (i int);\n"}
    theirs, ours, (status, text), (our_status, our_text) = run_both(tmp_path, make_database, scripts)
    assert status == 1, text
    assert our_status in {2, 12}, our_text
    assert NAME in our_text
    assert ours.dump("--schema-only") == theirs.dump("--schema-only") or our_status == 2
    assert [row[0] for row in rows_if_any(ours)] in ([], [BEFORE])
    prisma = Prisma(tmp_path / "project", ours.url)
    folder.add(prisma.migrations, NAME, "SELECT 1;\n")
    done = prisma.deploy()
    assert done.returncode == 0, said(done)
