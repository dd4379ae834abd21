"""What is migrated while the program is killed, and which points of the protocol each of these ways meets.

`unmet` is the one table of points that a scenario does not meet, with the reason. It is checked against reality: all
of them are armed at once, and the run must survive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lockmaster.faults import Fault
from lockmaster.sql.segments import PART
from tests.folders import Folder, mark, native, prisma

Kind = Literal["postgres", "sqlite"]

# -- why a point is not met -------------------------------------------------------------------------------------------

_ONE_MESSAGE = "begin, script, record and commit are one message to PostgreSQL: nothing can happen in between"
_NO_ALONE = "no statement refuses a transaction here"
_NOT_INTERRUPTED = "nothing was interrupted before"
_TABLE_IS_THERE = "the interrupted run made the history table"

_ALONE = dict.fromkeys((Fault.EVIDENCE, Fault.INTENT, Fault.ALONE_SENT, Fault.ALONE_ANSWERED, Fault.DONE), _NO_ALONE)
_IN_ONE_MESSAGE = dict.fromkeys((Fault.BEGUN, Fault.STATEMENT, Fault.RECORDED), _ONE_MESSAGE)
_POOLED = dict.fromkeys((Fault.STATEMENT, Fault.RECORDED), _ONE_MESSAGE)
_IN_PARTS = dict.fromkeys((Fault.BEGUN, Fault.RECORDED), _ONE_MESSAGE)  # of a big script
_POOLED_IN_PARTS = {Fault.RECORDED: _ONE_MESSAGE}
# points that no scenario on this database meets
NOWHERE: Mapping[Kind, Mapping[Fault, str]] = {"postgres": _POOLED_IN_PARTS, "sqlite": {}}
_FRESH = {Fault.RECOVERED: _NOT_INTERRUPTED}


@dataclass(frozen=True)
class Scenario:
    """One folder and one way to the database."""

    name: str
    kind: Kind
    folder: Folder
    unmet: Mapping[Fault, str]
    indexes: Mapping[str, int] = field(default_factory=dict)  # on `item`: columns -> how many valid ones
    way: Literal["straight", "pooled", "direct"] = "straight"  # direct: through the pooler, with DIRECT_DATABASE_URL
    interrupted: str = ""  # what killed an earlier run, as LOCKMASTER_FAULT has it

    @property
    def met(self) -> list[Fault]:
        """Points at which this scenario can be killed."""
        return [fault for fault in Fault if fault not in self.unmet]

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"


# -- PostgreSQL -------------------------------------------------------------------------------------------------------

_INIT = f"""CREATE TABLE effects (mark text NOT NULL);
CREATE TABLE item (id int PRIMARY KEY, a int, b int);
INSERT INTO item SELECT i, i % 7, i % 3 FROM generate_series(1, 200) AS i;
{mark("init")}
"""
_PLAIN = (
    f"CREATE TABLE second (id int);\n{mark('second')}",
    f"ALTER TABLE second ADD COLUMN more text DEFAULT 'x';\n{mark('third')}\n-- no newline after this",
    f"{mark('fourth')}\nDO $$ BEGIN UPDATE item SET b = b + 1; END $$",
)
_OWN = f"""BEGIN;
CREATE TABLE own1 (id int);
{mark("own.1")}
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
CREATE TABLE own2 (id int);
{mark("own.2")}
COMMIT;
{mark("own.3")}
CREATE TABLE own3 (id int);
"""
_LONG_TEXT = f"SELECT length('{'ö' * (PART // 2)}');\n"  # a part by itself
_BIG = f"{mark('big.1')}\n{_LONG_TEXT}{mark('big.2')}\n{_LONG_TEXT}{mark('big.3')}\n{_LONG_TEXT}{mark('big.4')}\n"
_CIC = "CREATE INDEX CONCURRENTLY item_a ON item (a);\n"
_MIXED = f"""{mark("mixed.1")}
CREATE INDEX CONCURRENTLY item_a ON item (a);
{mark("mixed.2")}
CREATE INDEX CONCURRENTLY IF NOT EXISTS item_b ON item (b);
REINDEX INDEX CONCURRENTLY item_a;
CREATE INDEX CONCURRENTLY ON item (a, b);
CREATE INDEX CONCURRENTLY item_gone ON item (id, b);
DROP INDEX CONCURRENTLY item_gone;
VACUUM item;
{mark("mixed.3")}
"""
_MIXED_INDEXES = {"id": 1, "a": 1, "b": 1, "a, b": 1}
_PRISMA_ENUM = f"""-- AlterEnum
BEGIN;
CREATE TYPE "Role_new" AS ENUM ('USER', 'ADMIN');
{mark("enum")}
COMMIT;
"""
AWAKE = "CREATE TABLE awake ()"  # what ends the sleep of SLEEPER's next run
_SLEEP = "SELECT pg_sleep(CASE WHEN to_regclass('awake') IS NULL THEN 60 ELSE 0 END);"
_SLEEPER = f"CREATE TABLE sleeper (id int);\n{mark('sleeper')}\n{_SLEEP}"
_VIEWS = f"CREATE OR REPLACE VIEW seconds AS SELECT id FROM second;\n{mark('views')}"

POSTGRES = (
    Scenario(
        "batch", "postgres", native(_INIT, *_PLAIN, repeatable={"views": _VIEWS}),
        {**_FRESH, **_ALONE, **_IN_ONE_MESSAGE}, {"id": 1},
    ),
    Scenario(
        "own-transactions", "postgres", native(_INIT, _OWN, _PLAIN[0]),
        {**_FRESH, **_ALONE, **_IN_ONE_MESSAGE}, {"id": 1},
    ),
    Scenario(
        "concurrently", "postgres", native(_INIT, _CIC, _PLAIN[0]),
        {**_FRESH, **_IN_ONE_MESSAGE}, {"id": 1, "a": 1},
    ),
    Scenario("mixed", "postgres", native(_INIT, _MIXED), {**_FRESH, **_IN_ONE_MESSAGE}, _MIXED_INDEXES),
    Scenario(
        "prisma", "postgres", prisma(_INIT, _PRISMA_ENUM, *_PLAIN[:2], _CIC, _OWN, _PLAIN[2]),
        {**_FRESH, **_IN_ONE_MESSAGE}, {"id": 1, "a": 1},
    ),
    Scenario(
        "pooled", "postgres", native(_INIT, *_PLAIN, repeatable={"views": _VIEWS}),
        {**_FRESH, **_ALONE, **_POOLED}, {"id": 1}, way="pooled",
    ),
    Scenario(
        "pooled-prisma", "postgres", prisma(_INIT, *_PLAIN),
        {**_FRESH, **_ALONE, **_POOLED}, {"id": 1}, way="pooled",
    ),
    Scenario(
        "direct", "postgres", native(_INIT, _MIXED, _OWN),
        {**_FRESH, **_POOLED}, _MIXED_INDEXES, way="direct",
    ),
    Scenario(
        "interrupted-before", "postgres", native(_INIT, _MIXED),
        {Fault.HISTORY_CREATED: _TABLE_IS_THERE, **_IN_ONE_MESSAGE}, _MIXED_INDEXES, interrupted="intent=kill",
    ),
    Scenario(
        "interrupted-inside", "postgres", prisma(_INIT, _MIXED, *_PLAIN),
        {Fault.HISTORY_CREATED: _TABLE_IS_THERE, **_IN_ONE_MESSAGE}, _MIXED_INDEXES,
        interrupted="alone-sent@2=kill",
    ),
    Scenario(
        "interrupted-after", "postgres", native(_INIT, _MIXED, _OWN),
        {Fault.HISTORY_CREATED: _TABLE_IS_THERE, **_IN_ONE_MESSAGE}, _MIXED_INDEXES,
        interrupted="alone-answered@4=kill",
    ),
    Scenario(
        "big", "postgres", native(_INIT, _PLAIN[0], _BIG, _PLAIN[1]),
        {**_FRESH, **_ALONE, **_IN_PARTS}, {"id": 1},
    ),
    Scenario(
        "big-own-transactions", "postgres", prisma(_INIT, f"BEGIN;\n{_BIG}COMMIT;\n{_OWN}", _PLAIN[0]),
        {**_FRESH, **_ALONE, **_IN_PARTS}, {"id": 1},
    ),
    Scenario(
        "pooled-big", "postgres", native(_INIT, _BIG, _PLAIN[0]),
        {**_FRESH, **_ALONE, **_POOLED_IN_PARTS}, {"id": 1}, way="pooled",
    ),
)  # fmt: skip

BATCH, OWN, CONCURRENTLY, MIXED, PRISMA, POOLED = POSTGRES[:6]
# for signals and for kill -9 in a long statement; no part of the matrix of points
SLEEPER = Scenario("sleeper", "postgres", native(_INIT, _SLEEPER, _PLAIN[0]), {}, {"id": 1})
SLEEPER_POOLED = Scenario("sleeper-pooled", "postgres", SLEEPER.folder, {}, {"id": 1}, way="pooled")

# -- SQLite -----------------------------------------------------------------------------------------------------------

_LITE_INIT = f"""CREATE TABLE effects (mark text NOT NULL);
CREATE TABLE item (id integer PRIMARY KEY, a int, b int);
INSERT INTO item VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);
CREATE TABLE child (id integer PRIMARY KEY, item int REFERENCES item (id) ON DELETE CASCADE);
INSERT INTO child VALUES (1, 1), (2, 2), (3, 3);
{mark("init")}
"""
_LITE_PLAIN = (
    f"CREATE TABLE second (id int);\n{mark('second')}",
    f"ALTER TABLE second ADD COLUMN more text DEFAULT 'x';\n{mark('third')}\n-- no newline after this",
    f"CREATE INDEX item_a ON item (a);\n{mark('fourth')}",
)
_LITE_OWN = f"""BEGIN;
CREATE TABLE own1 (id int);
{mark("own.1")}
COMMIT;
BEGIN IMMEDIATE;
CREATE TABLE own2 (id int);
{mark("own.2")}
COMMIT;
{mark("own.3")}
"""
_LITE_MIXED = f"{mark('mixed.1')}\nVACUUM;\n{mark('mixed.2')}\nPRAGMA journal_mode = DELETE;\n{mark('mixed.3')}"
_REDEFINE = f"""-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_item" ("id" integer PRIMARY KEY, "a" int NOT NULL, "b" int);
INSERT INTO "new_item" ("id", "a", "b") SELECT "id", "a", "b" FROM "item";
DROP TABLE "item";
ALTER TABLE "new_item" RENAME TO "item";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
{mark("redefine")}
"""

SQLITE = (
    Scenario("batch", "sqlite", native(_LITE_INIT, *_LITE_PLAIN), {**_FRESH, **_ALONE}, {"a": 1}),
    Scenario("own-transactions", "sqlite", native(_LITE_INIT, _LITE_OWN, _LITE_PLAIN[0]), {**_FRESH, **_ALONE}),
    Scenario("mixed", "sqlite", native(_LITE_INIT, _LITE_MIXED, _LITE_PLAIN[0]), _FRESH),
    Scenario(
        "prisma", "sqlite", prisma(_LITE_INIT, _LITE_OWN, _REDEFINE, *_LITE_PLAIN),
        {**_FRESH, **_ALONE}, {"a": 1},
    ),
    Scenario(
        "interrupted", "sqlite", native(_LITE_INIT, _LITE_MIXED, _LITE_PLAIN[0]),
        {Fault.HISTORY_CREATED: _TABLE_IS_THERE}, interrupted="alone-answered=kill",
    ),
)  # fmt: skip
LITE_BATCH = SQLITE[0]
_COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT long FROM item_long))"
LITE_SLEEPER = Scenario(
    "sleeper", "sqlite",
    native(
        _LITE_INIT,
        "CREATE TABLE item_long (long int);\nINSERT INTO item_long VALUES (1000000000);",
        f"CREATE TABLE sleeper (id int);\n{mark('sleeper')}\nINSERT INTO sleeper {_COUNT} SELECT max(i) FROM n;",
        _LITE_PLAIN[0],
    ),
    {},
)  # fmt: skip
