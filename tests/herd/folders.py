"""What a herd migrates: one slow migration, one CREATE INDEX CONCURRENTLY, and small ones around them."""

from tests.folders import mark, native, prisma

SLOW_SECONDS = 5
_INIT = f"""CREATE TABLE effects (mark text NOT NULL);
CREATE TABLE item (id int PRIMARY KEY, a int, made date DEFAULT '2026-02-01');
INSERT INTO item SELECT i, i % 7 FROM generate_series(1, 5000) AS i;
{mark("init")}
"""
_SLOW = f"ALTER TABLE item ADD COLUMN b int;\n{mark('slow')}\nSELECT pg_sleep({SLOW_SECONDS});"
_INDEX = "CREATE INDEX CONCURRENTLY item_a ON item (a);"
_LAST = f"CREATE TABLE last (id int);\n{mark('last')}"
_SCRIPTS = (_INIT, _SLOW, _INDEX, _LAST)

NATIVE = native(*_SCRIPTS)
PRISMA = prisma(*_SCRIPTS)
PLAIN = native(_INIT, _SLOW, _LAST)  # for a transaction pooler without a way around it
# a schema that the search path "$user", public finds first from then on (B4)
OWN_SCHEMA = native(_INIT, "CREATE SCHEMA AUTHORIZATION CURRENT_USER;", *_SCRIPTS[1:])
INDEXES = {"id": 1, "a": 1}
PLAIN_INDEXES = {"id": 1}

# in SQLite: a second or more of counting in the place of pg_sleep
_COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000000)"
LITE = native(
    f"""CREATE TABLE effects (mark text NOT NULL);
CREATE TABLE item (id integer PRIMARY KEY, a int);
CREATE TABLE child (id integer PRIMARY KEY);
INSERT INTO child VALUES (1), (2), (3);
{mark("init")}""",
    f"CREATE TABLE slow (id int);\n{mark('slow')}\nINSERT INTO slow {_COUNT} SELECT max(i) FROM n;",
    "VACUUM;",
    f"CREATE INDEX item_a ON item (a);\n{mark('last')}",
)
