"""The net under the splitter: a statement that SQLite refuses in a transaction is cut out and runs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.sql.scan import Script, Segment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockmaster.sql.scan import Statement

_OWN = (b"BEGIN", b"COMMIT", b"END", b"ROLLBACK")


def cut_alone(script: bytes, parsed: Script, offset: int, statements: Iterable[Statement]) -> Script:
    """`parsed` with the statement at this byte offset "alone"; unchanged inside the script's own BEGIN."""
    at = next((i for i, one in enumerate(parsed.segments) if one.start <= offset < one.end), None)
    if at is None or not _may_be_cut(script, parsed.segments[at]):
        return parsed
    whole = parsed.segments[at]
    inside = [one for one in statements if whole.start <= one.start < whole.end]
    alone = next((one for one in inside if one.start <= offset < one.end), None)
    if alone is None:
        return parsed
    pieces = (
        _piece(whole, [one for one in inside if one.start < alone.start]),
        Segment("alone", alone.start, alone.end, alone.line, what=alone.words[0].lower()),
        _piece(whole, [one for one in inside if one.start > alone.start]),
    )
    kept = tuple(piece for piece in pieces if piece is not None)
    return parsed._replace(segments=parsed.segments[:at] + kept + parsed.segments[at + 1 :])


def _may_be_cut(script: bytes, segment: Segment) -> bool:
    own = any(script[start:end].upper().startswith(_OWN) for start, end in segment.blanks)
    return segment.kind != "alone" and not own


def _piece(whole: Segment, statements: list[Statement]) -> Segment | None:
    """The part of the segment that these statements are."""
    if not statements:
        return None
    start, end = statements[0].start, statements[-1].end
    blanks = tuple(blank for blank in whole.blanks if start <= blank[0] < end)
    return whole._replace(start=start, end=end, line=statements[0].line, blanks=blanks)
