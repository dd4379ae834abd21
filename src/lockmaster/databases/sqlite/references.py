"""What a script that runs with foreign keys off must not leave behind (PROTOCOL-FACTS A1).

Inside a transaction `PRAGMA foreign_keys` does nothing, and with it on, the DROP TABLE of a table rebuild deletes
the rows of the children. So it is switched off before BEGIN, and what it would have prevented is looked for before
COMMIT.
"""

from __future__ import annotations

from lockmaster.engine.failures import ServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.databases.sqlite.wire import Wire

    Found = dict[tuple[str, str], tuple[int, object]]  # (child, parent) -> (how many rows, one of them)

_HINT = (
    "the script runs with foreign_keys=OFF, where a DELETE does not cascade:"
    " put such a statement into a migration of its own"
)


def violations(wire: Wire) -> Found | None:
    """The rows without a parent, counted by (child, parent); None where the schema allows no check.

    Counted, not listed: a rebuild gives new rowids, so the same bad row may look different after it.
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
        count, first = found.get(key, (0, rowid))
        found[key] = (count + 1, first)
    return found


def refuse_new(before: Found | None, after: Found | None) -> None:
    """Raise ServerError when the script left rows without a parent that were not there before."""
    if before is None:
        return
    if after is None:
        raise _refused("after the script, a foreign key refers to columns that are not unique")
    for (child, parent), (count, rowid) in after.items():
        old = before.get((child, parent), (0, None))[0]
        if count <= old:
            continue
        which = f"row {rowid} of {child}" if rowid is not None and not old else f"a row of {child}"
        more = f" ({count} such rows{f', {old} before the script' if old else ''})" if count > 1 else ""
        raise _refused(f"{which} would refer to a row of {parent} that does not exist{more}")


def _refused(text: str) -> ServerError:
    return ServerError(text, kind="script", sqlstate="SQLITE_CONSTRAINT_FOREIGNKEY", hint=_HINT)
