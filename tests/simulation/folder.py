"""What the pods bring: a folder of migrations, made of pieces that are known by the number of their effect.

A piece is one of
    plain     a transaction
    row       a statement in one transaction with all others of its migration, which are rows too
    drops     a transaction whose script drops the session's locks
    index     CREATE INDEX CONCURRENTLY, judged by evidence; interrupted, it leaves an INVALID one
    vacuum    may be repeated
    discard   DISCARD ALL: may be repeated, and the turn is gone with it
    call      refuses a transaction, and the splitter cannot see it
and its trouble is what the server does with it: `busy` or `flaky` for some attempts, `broken` or `syntax` until a new
image repairs the script.

The real splitter cuts the scripts. What is big for it is here whatever has two statements in one transaction: it is sent
part by part, where there are messages. NOT modelled: repeatable migrations, what a script does to the session besides
its locks, and scripts that end their message early (PROTOCOL-FACTS A2).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from lockmaster.engine.model import Migration
from lockmaster.sql import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.sql.scan import Script, Segment, Statement

Kind = Literal["plain", "row", "drops", "index", "vacuum", "discard", "call"]
Trouble = Literal["", "busy", "flaky", "broken", "syntax"]
_EFFECT = re.compile(rb"\d+_\d+")
REPAIRED = b"repaired"


class Piece(NamedTuple):
    kind: Kind
    trouble: Trouble = ""
    times: int = 1  # how many attempts are busy or flaky

    @property
    def repeatable(self) -> bool:
        """Done twice is as good as done once."""
        return self.kind in ("vacuum", "discard")

    @property
    def needs_repair(self) -> bool:
        return self.trouble in ("broken", "syntax")


class Spec(NamedTuple):
    """One migration; `number` is its version, counted from 1."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def effects(self) -> tuple[str, ...]:
        return tuple(f"{self.number}_{index}" for index in range(len(self.pieces)))

    @property
    def label(self) -> str:
        return f"{self.number}_m"

    @property
    def cuts_itself(self) -> bool:
        """Its transactions are its own; else it is one, until the server refuses that."""
        return len(self.pieces) > 1 and all(piece.kind not in ("call", "row") for piece in self.pieces)


class Image(NamedTuple):
    """A version of the application: the first migrations of all, as they were written, or repaired."""

    specs: tuple[Spec, ...]
    repaired: bool = False


def effects_in(body: bytes) -> list[str]:
    """Effects of the statements in this text, in order."""
    return [found.decode() for found in _EFFECT.findall(body)]


@lru_cache(maxsize=1024)
def script_of(spec: Spec, repaired: bool) -> bytes:  # noqa: FBT001 - a cache key
    """The migration's file. A repaired one differs in the broken pieces only."""
    lines = [_statement(piece, effect) for piece, effect in zip(spec.pieces, spec.effects, strict=True)]
    if repaired:
        pairs = zip(spec.pieces, lines, strict=True)
        lines = [line.replace(b" ", b" /* repaired */ ", 1) if p.needs_repair else line for p, line in pairs]
    if spec.cuts_itself:
        pairs = zip(spec.pieces, lines, strict=True)
        lines = [b"BEGIN;\n" + line + b"\nCOMMIT;" if p.kind == "plain" else line for p, line in pairs]
    return b"\n".join(lines)


def _statement(piece: Piece, effect: str) -> bytes:
    return {
        "plain": f"INSERT INTO effect VALUES ('{effect}');",
        "row": f"INSERT INTO effect VALUES ('{effect}');",
        "drops": f"SELECT pg_advisory_unlock_all(), '{effect}';",
        "index": f"CREATE INDEX CONCURRENTLY ON t{effect} (a);",
        "vacuum": f"VACUUM t{effect};",
        "discard": f"DISCARD /* {effect} */ ALL;",
        "call": f"CALL commits('{effect}');",
    }[piece.kind].encode()


class SimSource:
    """See `engine.ports.Source`."""

    format = "simulated"

    def __init__(self, image: Image) -> None:
        self._image = image
        self._specs = {str(spec.number): spec for spec in image.specs}

    def migrations(self) -> tuple[Migration, ...]:
        return tuple(Migration(str(spec.number), spec.label, f"{spec.label}.sql") for spec in self._image.specs)

    def script(self, migration: Migration) -> bytes:
        return script_of(self._specs[migration.id], self._image.repaired)

    def checksum(self, script: bytes) -> str:
        return script.decode()

    def same(self, stored: str, migration: Migration) -> bool:
        return stored == self.checksum(self.script(migration))

    def compare(self, one: str, other: str) -> int:
        return int(one) - int(other)


class SimDialect:
    """See `engine.ports.Dialect`. Statements of ours are JSON (see `store`), so nothing has to be quoted."""

    name = "simulated"
    now = begun = "now"

    def identifier(self, name: str) -> str:
        return name

    def literal(self, value: str | int | None) -> str:
        return repr(value)

    def table(self, schema: str | None, name: str) -> str:
        return f"{schema}.{name}" if schema else name

    def epoch(self, column: str) -> str:
        return column

    def split(self, script: bytes) -> Iterator[Statement]:
        return postgres.split(script)

    def parse(self, script: bytes) -> Script:
        return _parse(script)

    def cut_alone(self, script: bytes, parsed: Script, offset: int) -> Script:
        return _in_parts(script, postgres.cut_alone(script, parsed, offset))


@lru_cache(maxsize=1024)
def _parse(script: bytes) -> Script:
    return _in_parts(script, postgres.parse(script))


def _in_parts(script: bytes, parsed: Script) -> Script:
    starts = [statement.start for statement in postgres.split(script)]
    segments = tuple(
        one._replace(parts=tuple(start for start in starts if one.start < start < one.end and not _is_blank(one, start)))
        if one.kind == "transaction" else one
        for one in parsed.segments
    )  # fmt: skip
    return parsed._replace(segments=segments)


def _is_blank(segment: Segment, start: int) -> bool:
    return any(start == blank[0] for blank in segment.blanks)
