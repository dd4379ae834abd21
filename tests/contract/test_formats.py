"""The seam `History`: what every format promises, on every database, against real ones.

One class per (format, database) at the end; what they have in common is above. A statement of a history is run here
exactly as a session would put it into a message: as text, without parameters.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import psycopg2
import psycopg2.extensions
import pytest

from lockmaster.databases.postgres.dialect import PostgresDialect
from lockmaster.databases.sqlite.dialect import SqliteDialect
from lockmaster.engine.model import Migration, Record
from lockmaster.engine.ports import Dialect, History
from lockmaster.formats.native import NativeHistory
from lockmaster.formats.prisma import PrismaHistory
from tests.support.database import Database

HOSTILE = [
    "'; DROP TABLE victim; --",
    "\\'; DROP TABLE victim; --",
    "back\\slash\\",
    'double " quote',
    "naïve 漢字 \N{GRINNING FACE}",
    "percent %s %(name)s {} $1 :a ?",
    "new\nline and */ -- comment",
    "$lockmaster$ $$",
]
SUM, OTHER_SUM = "a" * 64, "b" * 64
BEGUN = "2026-01-02T03:04:05.678Z"
PRISMA_MIGRATIONS = "_prisma_migrations"


class Place:
    """One real database: `run` is one transaction, as a session makes it."""

    dialect: Dialect
    error: type[Exception]

    def run(self, *statements: str) -> None:
        raise NotImplementedError

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def value(self, sql: str) -> Any:
        return self.rows(sql)[0][0]

    def read(self, history: History, *, details: bool = False) -> tuple[Record, ...]:
        columns = history.details if details else history.columns
        table = self.dialect.table(history.schema, history.table)
        return history.parse(self.rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {history.order}"))


class PostgresPlace(Place):
    dialect = PostgresDialect()
    error = psycopg2.Error

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self.connection = connection

    def run(self, *statements: str) -> None:
        message = "\n;".join(["BEGIN", *statements, "COMMIT"])
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(message)
            except psycopg2.Error:
                cursor.execute("ROLLBACK")
                raise

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()


class SqlitePlace(Place):
    dialect = SqliteDialect()
    error = sqlite3.Error

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.create_function("lockmaster_begun", 0, lambda: BEGUN)

    def run(self, *statements: str) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                self.connection.execute(statement)
        except sqlite3.Error:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


class OnPostgres:
    """Tests of a class with this base run on every server of --servers."""

    @pytest.fixture
    def place(self, database: Database) -> Iterator[Place]:
        with database.connect() as connection:
            yield PostgresPlace(connection)


class OnSqlite:
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        place = SqlitePlace(tmp_path / "app.db")
        yield place
        place.connection.close()


class HistoryContract:
    """What the engine relies on, whatever the tool and the database."""

    def make(self, dialect: Dialect, schema: str | None = None) -> History:
        raise NotImplementedError

    def migration(self, number: int, name: str = "m") -> Migration:
        raise NotImplementedError

    @pytest.fixture
    def history(self, place: Place) -> History:
        history = self.make(place.dialect)
        located = history if history.schema else history.at("main" if place.dialect.name == "sqlite" else "public")
        place.run(*located.create())
        return located

    def test_a_new_history_is_empty(self, place: Place, history: History) -> None:
        assert place.read(history) == ()
        assert place.read(history, details=True) == ()
        assert place.value(history.count([self.migration(1)])) == 0
        assert place.value(history.count([])) == 0

    def test_an_applied_migration_is_a_record(self, place: Place, history: History) -> None:
        one, two = self.migration(1), self.migration(2)
        place.run(*history.applied(one, SUM), *history.applied(two, OTHER_SUM))
        first, second = place.read(history)
        assert (first.id, first.label, first.checksum, first.state) == (one.id, one.label, SUM, "applied")
        assert (second.id, second.checksum, second.journal) == (two.id, OTHER_SUM, "")
        assert place.value(history.count([one, two, self.migration(3)])) == 2

    def test_details_show_when_and_how_long(self, place: Place, history: History) -> None:
        place.run(*history.applied(self.migration(1), SUM))
        (record,) = place.read(history, details=True)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.started_at)
        assert record.started_at <= record.applied_at
        assert record.seconds is not None
        assert record.seconds >= 0
        cheap = record._replace(started_at="", applied_at="", seconds=None, applied_by="")
        assert place.read(history) == (cheap,)

    def test_pieces_begin_progress_and_finish(self, place: Place, history: History) -> None:
        one = self.migration(1)
        place.run(*history.begin(one, SUM, "piece 1"))
        (record,) = place.read(history)
        assert (record.id, record.label, record.state, record.journal) == (one.id, one.label, "open", "piece 1")
        assert place.value(history.count([one])) == 0
        place.run(*history.progress(one, "piece 2"))
        assert place.read(history)[0].journal == "piece 2"
        place.run(*history.finish(one, OTHER_SUM))
        (record,) = place.read(history, details=True)
        assert (record.state, record.journal, record.checksum) == ("applied", "", OTHER_SUM)
        assert record.applied_at >= record.started_at
        assert place.value(history.count([one])) == 1

    def test_undone_is_never_applied_and_may_begin_again(self, place: Place, history: History) -> None:
        one = self.migration(1)
        place.run(*history.begin(one, SUM, "piece 1"))
        place.run(*history.undo(place.read(history)[0], "left nothing"))
        assert place.read(history) == ()
        place.run(*history.begin(one, SUM, "again"), *history.finish(one, SUM))
        assert [record.state for record in place.read(history)] == ["applied"]

    def test_resolved_counts_as_applied(self, place: Place, history: History) -> None:
        one, two = self.migration(1), self.migration(2)
        place.run(*history.resolve(one, SUM), *history.resolve(two, SUM))
        records = place.read(history, details=True)
        assert [(record.id, record.state) for record in records] == [(one.id, "applied"), (two.id, "applied")]
        assert place.value(history.count([one, two])) == 2

    def test_resolving_an_open_record_leaves_one(self, place: Place, history: History) -> None:
        one = self.migration(1)
        place.run(*history.begin(one, SUM, "piece 1"))
        place.run(*history.resolve(one, OTHER_SUM))
        assert [(r.id, r.state, r.checksum) for r in place.read(history)] == [(one.id, "applied", OTHER_SUM)]

    def test_what_needs_one_open_record_fails_without_it(self, place: Place, history: History) -> None:
        one, two = self.migration(1), self.migration(2)
        place.run(*history.begin(one, SUM, ""))
        (opened,) = place.read(history)
        place.run(*history.finish(one, SUM))
        for statements in (history.progress(one, "x"), history.finish(one, SUM), history.undo(opened, "")):
            with pytest.raises(place.error):
                place.run(*history.applied(two, SUM), *statements)
        assert [record.id for record in place.read(history)] == [one.id]  # nothing of those transactions is left

    def test_the_failure_says_which_record_where_the_database_can(self, place: Place, history: History) -> None:
        with pytest.raises(place.error) as caught:
            place.run(*history.progress(self.migration(1), "x"))
        expected = "integer overflow" if place.dialect.name == "sqlite" else f"open record of {self.migration(1).label}"
        assert expected in str(caught.value)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_texts_come_back_as_they_were(self, place: Place, history: History, text: str) -> None:
        place.run("CREATE TABLE victim (a int)")
        one, two = self.migration(1, text), self.migration(2, text)
        place.run(*history.applied(one, SUM))
        place.run(*history.begin(two, SUM, text))
        first, second = place.read(history)
        assert (first.id, first.label) == (one.id, one.label)
        assert (second.label, second.journal) == (two.label, text)
        place.run(*history.progress(two, text * 2))
        assert place.read(history)[1].journal == text * 2
        assert place.value(history.count([one, two])) == 1
        place.run(*history.undo(second, text))
        place.run(*history.resolve(two, SUM))
        assert place.value(history.count([one, two])) == 2
        assert place.value("SELECT count(*) FROM victim") == 0

    def test_a_thousand_are_counted(self, place: Place, history: History) -> None:
        many = [self.migration(number) for number in range(1, 2001)]
        place.run(*(statement for one in many for statement in history.applied(one, SUM)))
        assert place.value(history.count(many)) == 2000
        assert len(place.read(history)) == 2000

    def test_no_statement_ends_in_a_semicolon(self, place: Place) -> None:
        history, one = self.make(place.dialect, "main"), self.migration(1)
        record = Record(one.id, one.label, SUM, "open", row=one.id)
        for statements in (
            history.create(), history.applied(one, SUM), history.begin(one, SUM, ""), history.progress(one, ""),
            history.finish(one, SUM), history.undo(record, ""), history.resolve(one, SUM), (history.count([one]),),
        ):  # fmt: skip
            assert not [text for text in statements if text.rstrip().endswith(";")]

    def test_the_lock_is_a_positive_bigint(self, place: Place) -> None:
        assert 0 < self.make(place.dialect).lock < 2**63


class HistoryOnPostgres(OnPostgres):
    """What is PostgreSQL's: schemas, roles, and settings that bite."""

    def make(self, dialect: Dialect, schema: str | None = None) -> History:
        raise NotImplementedError

    def migration(self, number: int, name: str = "m") -> Migration:
        raise NotImplementedError

    @pytest.mark.parametrize("schema", ["tenant", 'we"ird; DROP SCHEMA public', "back\\slash 'quote'", "$$ É"])
    def test_at_another_schema(self, place: Place, schema: str) -> None:
        default = self.make(place.dialect).at("public")
        other = default.at(schema)
        assert (other.schema, other.table) == (schema, default.table)
        place.run(*default.create())
        place.run(*other.create())
        place.run(*other.applied(self.migration(1), SUM))
        assert place.read(default) == ()
        assert [record.id for record in place.read(other)] == [self.migration(1).id]

    def test_an_existing_schema_needs_no_privilege_on_the_database(self, place: Place) -> None:
        role = f"tenant_{place.value('SELECT pg_backend_pid()')}"
        place.run(f"CREATE ROLE {role}", f"CREATE SCHEMA {role} AUTHORIZATION {role}")
        try:
            history = self.make(place.dialect, role)
            place.run(f"SET LOCAL ROLE {role}", *history.create(), *history.applied(self.migration(1), SUM))
            assert len(place.read(history)) == 1
        finally:
            place.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")

    def test_settings_of_a_script_do_not_change_what_is_written(self, place: Place) -> None:
        history = self.make(place.dialect).at("public")
        place.run(*history.create())
        place.rows("SELECT set_config(n, v, false) FROM (VALUES ('standard_conforming_strings', 'off'),"
                   " ('search_path', 'nowhere'), ('datestyle', 'German'), ('timezone', 'Asia/Tokyo'),"
                   " ('escape_string_warning', 'off'), ('intervalstyle', 'sql_standard')) AS s(n, v)")  # fmt: skip
        one, two = self.migration(1, "back\\'slash"), self.migration(2)
        place.run(*history.applied(one, SUM), *history.begin(two, SUM, "\\'"), *history.finish(two, SUM))
        first, second = place.read(history, details=True)
        assert first.label == one.label
        now = datetime.now(UTC)
        for moment in (first.applied_at, second.started_at):
            assert abs((now - datetime.fromisoformat(moment)).total_seconds()) < 60


class PrismaContract(HistoryContract):
    ddl: ClassVar[str]

    def make(self, dialect: Dialect, schema: str | None = None) -> History:
        return PrismaHistory(dialect, schema)

    def migration(self, number: int, name: str = "m") -> Migration:
        label = f"2026010203{number:04}_{name}"
        return Migration(label, label, f"/none/{label}/migration.sql")

    def table(self, history: History, place: Place) -> str:
        return place.dialect.table(history.schema, history.table)

    def test_the_lock_is_prismas(self, place: Place) -> None:
        assert self.make(place.dialect).lock == 72707369

    def test_the_table_is_prismas(self, place: Place) -> None:
        history = self.make(place.dialect)
        assert history.schema in {"public", "main"}
        assert history.create() == (self.ddl.replace("TABLE", f"TABLE {self.table(history, place)}", 1),)

    def test_an_applied_row_is_as_prisma_leaves_it(self, place: Place, history: History) -> None:
        place.run(*history.applied(self.migration(1), SUM))
        ident, *rest = place.rows(
            "SELECT id, checksum, migration_name, logs, rolled_back_at, applied_steps_count FROM _prisma_migrations"
        )[0]
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", ident)
        assert rest == [SUM, self.migration(1).id, None, None, 1]

    def test_a_finished_row_is_as_prisma_leaves_it(self, place: Place, history: History) -> None:
        one = self.migration(1)
        place.run(*history.begin(one, SUM, "journal"))
        assert place.rows("SELECT finished_at, logs, applied_steps_count FROM _prisma_migrations") == [
            (None, "journal", 0)
        ]
        place.run(*history.finish(one, SUM))
        assert place.rows("SELECT logs, rolled_back_at, applied_steps_count FROM _prisma_migrations") == [
            (None, None, 1)
        ]

    def test_a_resolved_row_is_as_prisma_leaves_it(self, place: Place, history: History) -> None:
        place.run(*history.begin(self.migration(1), SUM, "journal"))
        place.run(*history.resolve(self.migration(1), SUM))
        rows = place.rows(
            "SELECT logs, applied_steps_count, started_at = finished_at, rolled_back_at IS NULL"
            " FROM _prisma_migrations ORDER BY finished_at IS NULL DESC"
        )
        assert [tuple(row) for row in rows] == [("journal", 0, None, False), ("", 0, True, True)]

    def test_an_undone_row_stays(self, place: Place, history: History) -> None:
        place.run(*history.begin(self.migration(1), SUM, "journal"))
        place.run(*history.undo(place.read(history)[0], "rolled back"))
        rows = place.rows("SELECT logs, finished_at, rolled_back_at IS NULL FROM _prisma_migrations")
        assert [tuple(row) for row in rows] == [("rolled back", None, False)]

    def test_two_open_records_of_one_name_are_too_many(self, place: Place, history: History) -> None:
        one = self.migration(1)
        place.run(*history.begin(one, SUM, "1"), *history.begin(one, SUM, "2"))
        with pytest.raises(place.error):
            place.run(*history.finish(one, SUM))
        assert [record.journal for record in place.read(history)].count("") == 0

    def test_rows_of_prisma_itself_are_understood(self, place: Place, history: History) -> None:
        """FIELD 1.2: rows without what we would write: no logs, default steps, started by the column's default."""
        place.run(
            "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('1', 'x', 'killed')",
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, applied_steps_count)"
            " VALUES ('2', 'x', 'committed', 1)",
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ('3', 'x', 'failed', 'boom')",
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, rolled_back_at, logs)"
            f" VALUES ('4', 'x', 'failed', {place.dialect.now}, 'boom')",
        )
        found = {r.row: (r.id, r.state, r.steps, r.journal) for r in place.read(history, details=True)}
        assert found == {
            "1": ("killed", "open", 0, ""),
            "2": ("committed", "open", 1, ""),
            "3": ("failed", "open", 0, "boom"),
        }

    def test_a_long_log_is_not_read_for_what_is_over(self, place: Place, history: History) -> None:
        place.run(*history.begin(self.migration(1), SUM, "x" * 100_000))
        place.run(*history.undo(place.read(history)[0], "y" * 100_000))
        rows = place.rows(f"SELECT {', '.join(history.columns)} FROM _prisma_migrations")
        assert not [value for row in rows for value in row if len(str(value)) > 1000]


class NativeContract(HistoryContract):
    def make(self, dialect: Dialect, schema: str | None = None) -> History:
        return NativeHistory(dialect, schema, pod="shop-7c9f", version="0.1.0")

    def migration(self, number: int, name: str = "m") -> Migration:
        label = f"{number:04}_{name}"
        return Migration(str(number), label, f"/none/{label}.sql")

    def repeatable(self, name: str = "views") -> Migration:
        return Migration(f"repeatable/{name}", f"repeatable/{name}", f"/none/repeatable/{name}.sql", repeatable=True)

    def test_where_the_search_path_finds_it(self, place: Place, history: History) -> None:
        anywhere = self.make(place.dialect)
        assert anywhere.schema is None
        place.run(*anywhere.applied(self.migration(1), SUM))
        assert place.read(anywhere) == place.read(history) != ()

    def test_without_a_schema_it_is_made_in_the_default_one(self, place: Place) -> None:
        place.run(*self.make(place.dialect).create())
        assert place.read(self.make(place.dialect).at("main" if place.dialect.name == "sqlite" else "public")) == ()

    def test_a_row_can_be_read_by_a_person(self, place: Place, history: History) -> None:
        place.run(*history.applied(self.migration(7, "add_users"), SUM))
        (row,) = place.rows(
            "SELECT version, name, kind, sha256, applied_by, lockmaster_version, journal FROM lockmaster_history"
        )
        user = "" if place.dialect.name == "sqlite" else place.value("SELECT current_user") + "@"
        assert row == (7, "0007_add_users", "versioned", SUM, f"{user}shop-7c9f", "0.1.0", None)
        assert place.read(history, details=True)[0].applied_by == f"{user}shop-7c9f"

    def test_a_version_is_recorded_once(self, place: Place, history: History) -> None:
        place.run(*history.applied(self.migration(1), SUM))
        for again in (history.applied, history.resolve):
            with pytest.raises(place.error, match=r"(?i)unique"):
                place.run(*again(self.migration(1, "other"), SUM))
        with pytest.raises(place.error, match=r"(?i)unique"):
            place.run(*history.begin(self.migration(1), SUM, ""))

    def test_the_largest_version_fits(self, place: Place, history: History) -> None:
        largest = Migration("9" * 18, "9" * 18 + "_x", "")
        place.run(*history.applied(largest, SUM))
        assert place.read(history)[0].id == "9" * 18

    def test_a_baseline_has_no_duration(self, place: Place, history: History) -> None:
        place.run(*history.resolve(self.migration(1), SUM))
        assert place.rows("SELECT kind, duration_ms FROM lockmaster_history") == [("baseline", None)]
        (record,) = place.read(history, details=True)
        assert (record.seconds, record.state) == (None, "applied")

    def test_a_repeatable_migration_has_one_row(self, place: Place, history: History) -> None:
        views, other = self.repeatable(), self.repeatable("zeta'")
        place.run(*history.applied(views, SUM), *history.applied(other, SUM))
        place.run(*history.applied(views, OTHER_SUM))
        found = {record.id: record for record in place.read(history)}
        assert (found[views.id].checksum, found[views.id].label) == (OTHER_SUM, views.label)
        assert all(record.repeatable for record in found.values())
        assert len(found) == 2
        assert place.value(history.count([views, other, self.migration(1)])) == 2

    def test_a_repeatable_migration_in_pieces(self, place: Place, history: History) -> None:
        views = self.repeatable()
        place.run(*history.applied(views, SUM))
        place.run(*history.begin(views, OTHER_SUM, "piece 1"))
        (record,) = place.read(history)
        assert (record.state, record.checksum, record.journal) == ("open", OTHER_SUM, "piece 1")
        place.run(*history.progress(views, "piece 2"))
        place.run(*history.finish(views, OTHER_SUM))
        assert place.read(history)[0].state == "applied"
        place.run(*history.begin(views, SUM, ""))
        place.run(*history.undo(place.read(history)[0], ""))
        assert place.read(history) == ()
        place.run(*history.resolve(views, SUM))
        place.run(*history.resolve(views, OTHER_SUM))
        assert [(r.id, r.checksum) for r in place.read(history)] == [(views.id, OTHER_SUM)]

    def test_a_newer_lockmaster_may_have_more(self, place: Place, history: History) -> None:
        table = place.dialect.table(history.schema, history.table)
        place.run(*history.applied(self.migration(1), SUM))
        place.run(f"ALTER TABLE {table} ADD COLUMN ticket text")
        place.run(
            f"INSERT INTO {table} (name, kind, sha256, started_at, applied_by, lockmaster_version)"
            f" VALUES ('x', 'hook', '', {place.dialect.now}, '', '9.0')"
        )
        place.run(*history.applied(self.migration(2), SUM))
        assert [record.id for record in place.read(history, details=True)] == ["1", "2"]


POSTGRES_DDL = """CREATE TABLE (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)"""
SQLITE_DDL = """CREATE TABLE (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)"""


class TestPrismaOnPostgres(PrismaContract, HistoryOnPostgres):
    ddl = POSTGRES_DDL

    def test_the_transactions_begin_is_the_start(self, place: Place, history: History) -> None:
        place.run("SELECT pg_sleep(0.05)", *history.applied(self.migration(1), SUM))
        (record,) = place.read(history, details=True)
        assert record.seconds is not None
        assert record.seconds >= 0.05


class TestPrismaOnSqlite(OnSqlite, PrismaContract):
    ddl = SQLITE_DDL

    def test_the_stored_text_is_prismas(self, place: Place, history: History) -> None:
        """sqlite_master keeps the DDL as written: no schema in front of the name."""
        assert history.schema == "main"
        stored = place.value("SELECT sql FROM sqlite_master WHERE type = 'table'")
        assert stored == SQLITE_DDL.replace("TABLE", f'TABLE "{PRISMA_MIGRATIONS}"', 1)

    def test_times_are_integers_as_prismas_engine_binds_them(self, place: Place, history: History) -> None:
        place.run(*history.applied(self.migration(1), SUM))
        started, finished = place.rows("SELECT started_at, finished_at FROM _prisma_migrations")[0]
        assert started == 1767323045678  # BEGUN
        assert abs(datetime.now(UTC).timestamp() * 1000 - finished) < 60_000
        place.run(*history.begin(self.migration(2), SUM, ""))
        place.run(*history.undo(place.read(history)[1], ""))
        place.run(*history.resolve(self.migration(3), SUM))
        kinds = "typeof(started_at), typeof(finished_at), typeof(rolled_back_at)"
        rows = place.rows(f"SELECT {kinds} FROM _prisma_migrations")
        assert {kind for row in rows for kind in row} == {"integer", "null"}

    def test_text_and_integer_times_are_shown_alike(self, place: Place, history: History) -> None:
        for ident, started, finished in (
            ("1", "'2026-01-02 03:04:05'", "'2026-01-02T03:04:06.500+00:00'"),
            ("2", "1767323045000", "1767323046500"),
        ):
            place.run(
                "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at)"
                f" VALUES ('{ident}', 'x', 'm{ident}', {started}, {finished})"
            )
        for record in place.read(history, details=True):
            shown = (record.started_at, record.applied_at, record.seconds)
            assert shown == ("2026-01-02T03:04:05.000Z", "2026-01-02T03:04:06.500Z", 1.5)


class TestNativeOnPostgres(NativeContract, HistoryOnPostgres):
    def test_the_duration_is_that_of_the_transaction(self, place: Place, history: History) -> None:
        place.run("SELECT pg_sleep(0.05)", *history.applied(self.migration(1), SUM))
        assert 50 <= place.value("SELECT duration_ms FROM lockmaster_history") < 5000

    def test_every_schema_has_a_lock_of_its_own(self, place: Place) -> None:
        history = self.make(place.dialect)
        assert history.lock == history.at("public").lock == 8797427540306348812
        assert history.at("tenant").lock not in (history.lock, history.at("other").lock)


class TestNativeOnSqlite(OnSqlite, NativeContract):
    def test_the_duration_is_that_of_the_transaction(self, place: Place, history: History) -> None:
        place.run(*history.applied(self.migration(1), SUM))
        begun = datetime.fromisoformat(BEGUN)
        expected = (datetime.now(UTC) - begun).total_seconds() * 1000
        assert abs(place.value("SELECT duration_ms FROM lockmaster_history") - expected) < 60_000


@contextmanager
def _attached(place: SqlitePlace, path: Path) -> Iterator[None]:
    place.connection.execute("ATTACH ? AS other", [str(path)])
    yield
    place.connection.execute("DETACH other")


@pytest.mark.parametrize("make", [PrismaHistory, NativeHistory])
def test_an_attached_sqlite_database_is_another_schema(tmp_path: Path, make: type) -> None:
    place = SqlitePlace(tmp_path / "app.db")
    one = Migration("1", "1_x", "")
    with _attached(place, tmp_path / "other.db"):
        main, other = make(place.dialect).at("main"), make(place.dialect).at("other")
        for statements in (main.create(), other.create(), other.applied(one, SUM)):
            place.run(*statements)
        assert place.read(main) == ()
        assert [record.id for record in place.read(other)] == ["1"]
    place.connection.close()
