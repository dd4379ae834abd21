"""Which statements PostgreSQL refuses inside a transaction (PROTOCOL-FACTS D2), of which table and index.

Guarantee: what is named here is refused by every supported server; what only the server can know (a CALL that
commits, REINDEX of a partitioned table, an extension's function) is left to the net: 25001 and 2D000, then
`cut_alone`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.sql.names import qualified
from lockmaster.sql.segments import Alone

if TYPE_CHECKING:
    from collections.abc import Callable

Words = tuple[str, ...]
_OFF = ("FALSE", "OFF", "0", "'FALSE'", "'OFF'")


def refused(words: Words, raw: list[bytes]) -> Alone:
    """What to know of a statement that only the server knew to refuse a transaction."""
    return _about(words, raw) if words[:2] == ("ALTER", "SUBSCRIPTION") else Alone(words[0].lower())


def alone(words: Words, raw: list[bytes]) -> Alone | None:
    """What to know of this statement if it must stand alone; None if a transaction may hold it."""
    by_words = _BY_WORDS.get(words[0])
    if by_words:
        return by_words(words)
    by_names = _BY_NAMES.get(words[0])
    return by_names(words, raw) if by_names else None


def _create(words: Words, raw: list[bytes]) -> Alone | None:
    at = 2 if words[1:2] == ("UNIQUE",) else 1
    if words[at : at + 2] == ("INDEX", "CONCURRENTLY"):
        return _create_index(words, raw, at + 2)
    if words[1:2] in (("DATABASE",), ("TABLESPACE",)):
        return _about(words, raw)
    if words[1:2] == ("SUBSCRIPTION",) and not (_is_off(words, "CONNECT") or _is_off(words, "CREATE_SLOT")):
        return _about(words, raw)
    return None


def _about(words: Words, raw: list[bytes]) -> Alone:
    """`CREATE DATABASE x` and its like: the kind is the first two words, the name stands behind them."""
    at, if_exists = _skip_if(words, 2)
    return Alone(f"{words[0]}-{words[1]}".lower(), (), qualified(raw, at)[0], if_exists=if_exists)


def _create_index(words: Words, raw: list[bytes], at: int) -> Alone:
    at, if_exists = _skip_if(words, at)
    index: Words = ()
    if words[at : at + 1] != ("ON",):  # else the server makes up a name
        index, at = qualified(raw, at)
    at += 2 if words[at + 1 : at + 2] == ("ONLY",) else 1
    table, _ = qualified(raw, at)
    return Alone("create-index-concurrently", table, index, if_exists=if_exists)


def _drop(words: Words, raw: list[bytes]) -> Alone | None:
    if words[1:3] == ("INDEX", "CONCURRENTLY"):
        at, if_exists = _skip_if(words, 3)
        return Alone("drop-index-concurrently", (), qualified(raw, at)[0], if_exists=if_exists)
    return _about(words, raw) if words[1:2] in (("DATABASE",), ("TABLESPACE",), ("SUBSCRIPTION",)) else None


def _alter(words: Words, raw: list[bytes]) -> Alone | None:
    what = words[1:2]
    if what == ("SYSTEM",):
        return Alone("alter-system")
    if what == ("DATABASE",) and words[3:5] == ("SET", "TABLESPACE"):
        return _about(words, raw)
    if what == ("TABLE",):
        return _detach(words, raw)
    return _about(words, raw) if what == ("SUBSCRIPTION",) and _refreshes(words) else None


def _refreshes(words: Words) -> bool:
    return words[3:4] == ("REFRESH",) or (words[4:5] == ("PUBLICATION",) and not _is_off(words, "REFRESH"))


def _detach(words: Words, raw: list[bytes]) -> Alone | None:
    at, if_exists = _skip_if(words, 2)
    at += words[at : at + 1] == ("ONLY",)
    table, at = qualified(raw, at)
    at += words[at : at + 1] == ("*",)
    if words[at : at + 2] != ("DETACH", "PARTITION"):
        return None
    partition, at = qualified(raw, at + 2)
    if words[at : at + 1] != ("CONCURRENTLY",):
        return None
    return Alone("detach-concurrently", table, partition, if_exists=if_exists)


def _reindex(words: Words, raw: list[bytes]) -> Alone | None:
    options, at = _options(words)
    kind = words[at : at + 1]
    at += 1
    concurrently = words[at : at + 1] == ("CONCURRENTLY",)
    at += concurrently
    in_options = "CONCURRENTLY" in options and not _is_off(options, "CONCURRENTLY")
    if kind in (("INDEX",), ("TABLE",)):
        name, _ = qualified(raw, at)
        table, index = (name, ()) if kind == ("TABLE",) else ((), name)
        return Alone("reindex", table, index) if concurrently or in_options else None
    return Alone("reindex") if kind in (("SCHEMA",), ("DATABASE",), ("SYSTEM",)) else None


def _cluster(words: Words) -> Alone | None:
    _, at = _options(words)
    at += words[at : at + 1] == ("VERBOSE",)
    return None if at < len(words) else Alone("cluster")


def _options(words: Words) -> tuple[Words, int]:
    """The parenthesised options behind the first word, and the index of the token behind them."""
    if words[1:2] != ("(",) or ")" not in words:
        return (), 1
    close = words.index(")")
    return words[2:close], close + 1


def _skip_if(words: Words, at: int) -> tuple[int, bool]:
    for clause in (("IF", "EXISTS"), ("IF", "NOT", "EXISTS")):  # an IF without these is a name
        if words[at : at + len(clause)] == clause:
            return at + len(clause), True
    return at, False


def _is_off(words: Words, option: str) -> bool:
    """`option = false` (or `option false`, as REINDEX has it) is among these words."""
    if option not in words:
        return False
    at = words.index(option) + 1
    at += words[at : at + 1] == ("=",)
    return words[at : at + 1] != () and words[at] in _OFF


def _discard(words: Words) -> Alone | None:
    return Alone("discard-all") if words[1:2] == ("ALL",) else None


def _prepared(words: Words) -> Alone | None:
    return Alone("commit-prepared") if words[1:2] == ("PREPARED",) else None


def _vacuum(_words: Words) -> Alone | None:
    return Alone("vacuum")


_BY_WORDS: dict[str, Callable[[Words], Alone | None]] = {
    "CLUSTER": _cluster,
    "COMMIT": _prepared,
    "DISCARD": _discard,
    "ROLLBACK": _prepared,
    "VACUUM": _vacuum,
}
_BY_NAMES: dict[str, Callable[[Words, list[bytes]], Alone | None]] = {
    "ALTER": _alter,
    "CREATE": _create,
    "DROP": _drop,
    "REINDEX": _reindex,
}
