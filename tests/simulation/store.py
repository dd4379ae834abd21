"""What is committed, and the history's commands: JSON in place of SQL, so that nothing has to be parsed.

The history has no unique index and no row of an earlier try hides another: nothing but the protocol protects "once".
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lockmaster.engine.failures import ServerError
from lockmaster.engine.model import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.engine.model import Migration


class Row(NamedTuple):
    """A row of the history."""

    id: str
    label: str
    checksum: str
    state: Literal["applied", "open"]
    journal: str = ""


class Index(NamedTuple):
    """An index, with the effect that it is, once it is valid."""

    oid: int
    effect: str
    pod: str  # that built it
    valid: bool


class Store:
    """The committed state. `effects` counts how often each took place: 2 is a broken law."""

    def __init__(self) -> None:
        self.created = False
        self.rows: tuple[Row, ...] = ()
        self.effects: Counter[str] = Counter()
        self.indexes: tuple[Index, ...] = ()
        self._oid = 0

    def rows_of(self, number: int) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.id == str(number))

    def indexes_of(self, effect: str) -> tuple[Index, ...]:
        return tuple(index for index in self.indexes if index.effect == effect)

    def build(self, effect: str, pod: str) -> Index:
        """Add an index that is not valid yet."""
        self._oid += 1
        index = Index(self._oid, effect, pod, valid=False)
        self.indexes += (index,)
        return index

    def validate(self, index: Index) -> None:
        self.indexes = tuple(one._replace(valid=True) if one.oid == index.oid else one for one in self.indexes)

    def drop(self, index: Index) -> None:
        self.indexes = tuple(one for one in self.indexes if one.oid != index.oid)

    def after(self, commands: Sequence[str]) -> tuple[Row, ...]:
        """The rows as they are when these commands have run. ServerError leaves the store as it was."""
        rows = self.rows
        for command in map(json.loads, commands):
            if command["do"] == "create":
                if self.created:
                    raise ServerError("the history exists already", kind="script", sqlstate="42P07")
            elif not self.created:
                raise ServerError("the history does not exist", kind="script", sqlstate="42P01")
            else:
                rows = _CHANGES[command["do"]](rows, command)
        return rows

    def count(self, receipt: str) -> int:
        """What a receipt answers."""
        if receipt == "SELECT 1":
            return 1
        ids = json.loads(receipt)["ids"]
        return len({row.id for row in self.rows if row.id in ids and row.state == "applied"})


def _insert(rows: tuple[Row, ...], command: dict[str, Any]) -> tuple[Row, ...]:
    return (*rows, Row(*command["row"]))


def _change(rows: tuple[Row, ...], command: dict[str, Any]) -> tuple[Row, ...]:
    """Replace the one open row of a migration, or remove it; fail where there is not exactly one."""
    found = [row for row in rows if row.id == command["id"] and row.state == "open"]
    if len(found) != 1:
        raise ServerError(f"{len(found)} open records of {command['id']}", kind="script", sqlstate="22P02")
    changed = found[0]._replace(**command["set"]) if command["do"] == "change" else None
    return tuple(one for one in (changed if row is found[0] else row for row in rows) if one is not None)


_CHANGES = {"insert": _insert, "change": _change, "remove": _change}


class SimHistory:
    """See `engine.ports.History`."""

    table = "history"
    schema: str | None = "public"
    lock = 1
    columns = details = ("row",)
    order = "row"

    def parse(self, rows: Sequence[Sequence[Any]]) -> tuple[Record, ...]:
        return tuple(Record(r[0], r[1], r[2], r[3], row=r[0], journal=r[4]) for r in rows)

    def at(self, schema: str) -> SimHistory:  # noqa: ARG002 - there is one schema
        return self

    def create(self) -> tuple[str, ...]:
        return (_command("create"),)

    def applied(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        return (_command("insert", row=Row(migration.id, migration.label, checksum, "applied")),)

    def begin(self, migration: Migration, checksum: str, journal: str) -> tuple[str, ...]:
        return (_command("insert", row=Row(migration.id, migration.label, checksum, "open", journal)),)

    def progress(self, migration: Migration, journal: str) -> tuple[str, ...]:
        return (_command("change", id=migration.id, set={"journal": journal}),)

    def finish(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        done = {"journal": "", "state": "applied", "checksum": checksum}
        return (_command("change", id=migration.id, set=done),)

    def undo(self, record: Record, log: str) -> tuple[str, ...]:  # noqa: ARG002 - as in the native history
        return (_command("remove", id=record.id),)

    def resolve(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        return self.applied(migration, checksum)

    def count(self, migrations: Sequence[Migration]) -> str:
        return json.dumps({"ids": [one.id for one in migrations]})


def _command(do: str, **fields: object) -> str:
    return json.dumps({"do": do, **fields})
