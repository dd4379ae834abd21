"""Whether running a script a second time betrays itself by its first statement.

Guarantee: a kind is named only if the first statement is DDL that fails when it was done before, and nothing
later in the script can undo it. Doubt is "": a wrong "" costs a person a look, a wrong kind applies a
migration twice.
"""

from __future__ import annotations

from itertools import pairwise

Words = tuple[str, ...]

_BEFORE = (
    "BEGIN",
    "START",
    "SET",
    "RESET",
)  # leave nothing behind: the statement after them still comes first
_DDL = ("ALTER", "CREATE", "DROP")
_HARMLESS = (
    *_BEFORE,
    *("LISTEN", "NOTIFY", "PRAGMA", "REFRESH", "REINDEX", "RELEASE", "SAVEPOINT", "TRUNCATE", "UNLISTEN"),
)
_ADJECTIVES = ("CONSTRAINT", "EVENT", "FOREIGN", "MATERIALIZED", "RECURSIVE", "UNIQUE", "UNLOGGED", "VIRTUAL")
_CREATED = (
    *("DOMAIN", "EXTENSION", "FUNCTION", "INDEX", "POLICY", "PROCEDURE", "PUBLICATION", "ROLE", "SCHEMA"),
    *("SEQUENCE", "TABLE", "TRIGGER", "TYPE", "USER", "VIEW"),
)
_DROPPED = (*_CREATED, "RULE", "STATISTICS")
_RENAMED = ("INDEX", "MATERIALIZED", "SCHEMA", "SEQUENCE", "TYPE", "VIEW")
_UNNAMED = ("CHECK", "EXCLUDE", "FOREIGN", "NOT", "PRIMARY", "UNIQUE")  # ADD of these: a new name each time
_PLACES = ("SCHEMA", "ROLE", "USER", "DATABASE")  # making or altering one can move a bare name elsewhere
_PROPERTIES = ("NOT", "DEFAULT", "IDENTITY", "EXPRESSION")  # DROP of these drops no object


class Repeat:
    """Watches the statements of one script go by."""

    def __init__(self) -> None:
        self._kind: str | None = None  # None until the first statement that leaves something behind

    def plain(self) -> None:
        """Take data or privileges: as the first statement it proves nothing, later it undoes nothing."""
        if self._kind is None:
            self._kind = ""

    def statement(self, words: Words, *, whole: bool, alone: bool) -> None:
        """Take any other one; not `whole`: words are missing; `alone`: it may have failed half-way."""
        if self._kind is None:
            if words[0] not in _BEFORE:
                self._kind = _betrays(words) if whole and not alone else ""
        elif self._kind and (not whole or _may_undo(self._kind, words)):
            self._kind = ""

    def undone(self) -> None:
        """Take note that the script rolls something back itself."""
        self._kind = ""

    def verdict(self) -> str:
        """The kind of the first statement, "" in doubt."""
        return self._kind or ""


def _betrays(words: Words) -> str:
    first, kind = words[0], _kind(words)
    if "IF" in words or "PG_TEMP" in words:
        return ""
    if first == "CREATE" and kind in _CREATED:  # OR REPLACE and TEMP are no kinds
        at = words.index(kind) + 1
        return "" if kind == "INDEX" and words[at : at + 1] == ("ON",) else "create"
    if first == "DROP" and kind in _DROPPED:
        return "drop"
    if first == "ALTER" and words[1:2] == ("TABLE",):
        return _alters(words)
    return "rename" if first == "ALTER" and words[1:2] and words[1] in _RENAMED and _renames(words) else ""


def _kind(words: Words) -> str:
    return next((word for word in words[1:] if word not in _ADJECTIVES), "")


def _renames(words: Words) -> bool:
    return "RENAME" in words and "VALUE" not in words  # an enum's label fails with an error that tells less


def _alters(words: Words) -> str:
    at = 3 if words[2:3] == ("ONLY",) else 2
    while words[at + 1 : at + 2] == (".",):
        at += 2
    action, what = words[at + 1 : at + 2], words[at + 2 : at + 3]
    # `DROP COLUMN a, ADD COLUMN a` (so Prisma changes a type) can be repeated for ever.
    if action == ("ADD",) and not {"DROP", "USING"}.intersection(words):
        return "add-column" if what and what[0] not in _UNNAMED else ""
    if action == ("DROP",) and "ADD" not in words:
        return "drop"
    return "rename" if action == ("RENAME",) else ""


def _may_undo(kind: str, words: Words) -> bool:
    """This later statement could take away what makes the first one fail, as far as words can tell."""
    first = words[0]
    if first not in _DDL:
        return first not in _HARMLESS  # DO, CALL, SELECT f(): they may do anything
    if first != "DROP" and words[1:2] and words[1] in _PLACES:
        return True
    if first == "ALTER" and ("RENAME" in words or "SCHEMA" in words):
        return True
    if kind in ("create", "add-column"):
        return first == "DROP" or (first == "ALTER" and _drops(words))
    return first == "CREATE" or (first == "ALTER" and "ADD" in words)


def _drops(words: Words) -> bool:
    return any(word == "DROP" and after not in _PROPERTIES for word, after in pairwise(words))
