"""What a PostgreSQL script does to its session or its transaction, noted for the runner."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from lockmaster.sql.scan import fail

if TYPE_CHECKING:
    from lockmaster.sql.segments import Segments

Words = tuple[str, ...]

# Calls are looked for in the raw text, bodies of functions included: there no lexer of ours can see.
# The first letter stands alone in front because that is what the regex engine can look for quickly.
_CALLS = re.compile(
    rb"[sSpPiI](?<![\w$].)(?i:(?<=s)(et_config)|(?<=p)g_(?:try_)?advisory_(?:(unlock)|(lock))"
    rb"|(?<=i)(nto)\s+(?:local\s+|global\s+)?temp(?:orary)?(?![\w$\x80-\xff]))"
)
# Only plainly local: anything less sure counts as a change of the session.
_LOCAL_CONFIG = re.compile(
    rb"set_config\s*\(\s*'[\w.]+'\s*,\s*(?:'[^'\\]*'|[\w.]+)\s*,\s*(?:true|'t(?:rue)?')\s*\)", re.IGNORECASE
)
# a statement that does nothing else, such as pg_dump's for search_path
_ONLY_CONFIG = re.compile(
    rb"SELECT\s+(?:pg_catalog\s*\.\s*)?set_config\s*\(\s*'[\w.]+'\s*,\s*'[^'\\]*'\s*,\s*(?:false|'f(?:alse)?')\s*\)",
    re.IGNORECASE,
)
_CONFIG_NAME = re.compile(rb"set_config\s*\(\s*[eE]?'([\w.]+)'", re.IGNORECASE)
_TIMEOUTS = {"lock_timeout": "own-lock-timeout", "statement_timeout": "own-statement-timeout"}
_SCOPES = (("LOCAL",), ("SESSION",))
_LEXING = ("standard_conforming_strings", "client_encoding", "backslash_quote", "names")
# what pg_dump writes on top of every file, and what holds anyway: it changes nothing
_AS_WE_READ = {
    "standard_conforming_strings": ("ON", "TRUE"),
    **dict.fromkeys(("client_encoding", "names"), ("UTF8", "UTF-8")),
}


class Notes:
    """Notes the statements of one script, in order."""

    def __init__(self, script: bytes, state: Segments) -> None:
        self._script = script
        self._state = state
        self._found = _CALLS.finditer(script)
        self._next = next(self._found, None)

    def calls(self, start: int, end: int) -> None:
        """Note the calls inside this statement that change the session or touch our lock."""
        while self._next is not None and self._next.start() < end:
            if self._next.start() >= start:  # else it stands in a comment between two statements
                self._call(self._next, start, end)
            self._next = next(self._found, None)

    def _call(self, found: re.Match[bytes], start: int, end: int) -> None:
        at = found.start()
        config, unlock, lock, into = found.groups()
        if config:
            self._config(start, end, at)
        elif unlock:
            self._state.note("drops-turn", start, end, at)
        elif lock:
            self._state.note("advisory-lock", start, end, at)
        elif into and self._script[start : start + 1] in b"sSwW(":  # in PL/pgSQL it is a variable
            self._state.note("temp", start, end, at)

    def _config(self, start: int, end: int, at: int) -> None:
        local = _LOCAL_CONFIG.match(self._script, at, end)
        self._state.note("set-local" if local else "session-set", start, end, at)
        if _ONLY_CONFIG.fullmatch(self._script, start, end):
            self._state.setting(start, end)
        name = _CONFIG_NAME.match(self._script, at, end)
        if name:
            self._setting(name[1].decode().lower(), start, end, at)

    def _setting(self, name: str, start: int, end: int, at: int | None = None) -> None:
        if name in _TIMEOUTS:
            self._state.note(_TIMEOUTS[name], start, end, at)
        elif name in _LEXING:
            self._state.note("lexing", start, end, at)

    def statement(self, words: Words, start: int, end: int) -> None:
        """Note what this statement is; COPY from or to the client is refused: no client is there."""
        first = words[0]
        if first == "COPY":
            self._refuse_copy(words, start)
        elif first == "SET":
            self._set(words, start, end)
        elif first in ("RESET", "LOAD", "DISCARD"):
            self._state.note("session-set", start, end)
            if first == "RESET":
                self._state.setting(start, end)
            if words[:2] == ("DISCARD", "ALL"):
                self._state.note("drops-turn", start, end)
        elif first in ("LISTEN", "UNLISTEN"):
            self._state.note("listen", start, end)
        elif first == "PREPARE" or (first == "DECLARE" and _holds(words)):
            self._state.note("prepare", start, end)
        elif first == "CREATE" and _is_temporary(words):
            self._state.note("temp", start, end)

    def _set(self, words: Words, start: int, end: int) -> None:
        scoped = words[1:2] in _SCOPES and words[2:3] not in (("AUTHORIZATION",), ("CHARACTERISTICS",))
        local = scoped and words[1] == "LOCAL"
        rest = words[2:] if scoped else words[1:]
        if rest[:1] == ("CONSTRAINTS",):
            return
        if rest[:1] == ("TRANSACTION",):
            self._state.note("set-transaction", start, end)
            return
        self._state.note("set-local" if local else "session-set", start, end)
        if not local:
            self._state.setting(start, end)
        if rest[:1] == ("ROLE",) or rest[:2] == ("SESSION", "AUTHORIZATION"):
            self._state.note("role", start, end)
        elif rest:
            name = rest[0].strip('"').lower()
            if len(rest) > 3 or rest[-1].strip("'").upper() not in _AS_WE_READ.get(name, ()):
                self._setting(name, start, end)

    def _refuse_copy(self, words: Words, start: int) -> None:
        for way, place in pairwise(words):
            if (way, place) in (("FROM", "STDIN"), ("TO", "STDOUT")):
                fail(
                    self._script,
                    start,
                    f"COPY {way} {place} needs a client that sends or takes the rows",
                    "write the rows as INSERT (pg_dump --inserts, or --rows-per-insert=1000)",
                )


def _holds(words: Words) -> bool:
    """DECLARE ... CURSOR WITH HOLD, not a WITH of its query."""
    at = words.index("CURSOR") if "CURSOR" in words else len(words)
    return words[at + 1 : at + 3] == ("WITH", "HOLD")


def _is_temporary(words: Words) -> bool:
    at = 3 if words[1:3] == ("OR", "REPLACE") else 1
    at += words[at : at + 1] in (("LOCAL",), ("GLOBAL",))
    return words[at : at + 1] in (("TEMP",), ("TEMPORARY",)) and not _dropped_on_commit(words)


def _dropped_on_commit(words: Words) -> bool:
    return any(words[at : at + 3] == ("ON", "COMMIT", "DROP") for at in range(len(words)))
