"""Scripts that switch foreign keys off: found before they run, and checked before they commit (PROTOCOL-FACTS A1).

Inside a transaction `PRAGMA foreign_keys` does nothing, and with it on, the DROP TABLE of a table rebuild deletes the
rows of the children. So it is switched off before BEGIN, and what it would have prevented is looked for before COMMIT.
"""

from __future__ import annotations

from lockmaster.engine.failures import ServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.databases.sqlite.dialect import SqliteDialect
    from lockmaster.databases.sqlite.wire import Wire

    Found = dict[tuple[str, str], tuple[int, object]]  # (child, parent) -> (how many rows, one of them)

_OFF = frozenset({"OFF", "0", "NO", "FALSE"})


def relaxes(dialect: SqliteDialect, body: bytes) -> bool:
    """Whether a statement of this script says PRAGMA foreign_keys=OFF."""
    if b"foreign_keys" not in body.lower():
        return False
    return any(_says_off(statement.words) for statement in dialect.split(body))


def _says_off(words: Sequence[str]) -> bool:
    """PRAGMA [main .] foreign_keys = OFF, or foreign_keys(OFF); names and values may be quoted."""
    plain = [word.strip("\"'`[]").upper() for word in words]
    if plain[:1] != ["PRAGMA"] or "FOREIGN_KEYS" not in plain[1:4]:
        return False
    at = plain.index("FOREIGN_KEYS")
    return plain[at + 1 : at + 2] in (["="], ["("]) and plain[at + 2 : at + 3] != [] and plain[at + 2] in _OFF


def violations(wire: Wire) -> Found | None:
    """The rows without a parent, counted by (child, parent); None where the schema itself makes a check impossible.

    Counted, not listed: a rebuild gives new rowids, so the same bad row before and after need not look the same.
    """
    try:
        rows = wire.execute("PRAGMA main.foreign_key_check")
    except ServerError as error:
        if error.kind == "script":
            return None
        raise
    found: Found = {}
    for child, rowid, parent, _ in rows:
        key = (str(child).lower(), str(parent).lower())
        found[key] = (found.get(key, (0,))[0] + 1, rowid)
    return found


def refuse_new(before: Found | None, after: Found | None) -> None:
    """Raise ServerError when the script left rows without a parent that were not there before."""
    if before is None:
        return
    if after is None:
        raise ServerError("after the script, foreign keys cannot be checked: one refers to columns that are not unique", kind="script")
    for (child, parent), (count, rowid) in after.items():
        old = before.get((child, parent), (0, None))[0]
        if count > old:
            row = f"row {rowid} of " if rowid is not None and not old else ""
            grown = f" ({count} such rows{f', {old} before' if old else ''})" if count > 1 else ""
            raise ServerError(
                f"{row}{child} would refer to no row of {parent}{grown}",
                kind="script",
                sqlstate="SQLITE_CONSTRAINT_FOREIGNKEY",
                hint="the script runs with foreign_keys=OFF: a DELETE in it does not cascade; put it into a migration of its own",
            )
