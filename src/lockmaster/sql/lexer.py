"""One pass over a script by one compiled regex; each dialect gives its grammar as patterns.

Guarantee: a generator that holds one statement's offsets at a time, whatever the size of the script. Every
pattern is possessive, so time is linear and the regex engine keeps no way back (that would cost more memory
than the script).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

from lockmaster.sql.scan import TOKEN_BYTES, WORDS, Lines, Statement, fail, refuse_nul
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The groups in which every `step` pattern ends: what stopped it.
# None of them: the pattern's limit, or a byte that begins nothing.
SEMICOLON, OPEN, CLOSE, DOLLAR, COMMENT, DASHES = 1, 2, 3, 4, 5, 6
TAG, PLAIN = 1, 2  # the groups of every `token` pattern: the $tag$ of a string, any other token as a whole

_SEMICOLON = ord(";")
_WHITE = b" \t\n\r\f\v"
_QUOTES = {"'": "string", '"': "quoted identifier", "`": "quoted identifier", "[": "quoted identifier"}
_BARE = re.compile(rb"[A-Za-z_\x80-\xff][\w$\x80-\xff]*+")
_NESTED = re.compile(rb"/\*|\*/")
_END_WORD = re.compile(rb"(?i:END)(?![\w$\x80-\xff])")


def many(body: bytes, times: bytes = b"*") -> bytes:
    """A pattern that repeats `body` and never gives back.

    The inner (?>...) is for Python 3.11.0 to 3.11.4 (Debian 12 has 3.11.2): there a repetition that fails
    half-way leaves the position where it failed (gh-106052), and the scan would go on in the middle of a string.
    """
    return rb"(?:(?>" + body + rb"))" + times + rb"+"


class Grammar(NamedTuple):
    """How one dialect is read."""

    blank: re.Pattern[bytes]  # white space and line comments
    dashes: re.Pattern[bytes]  # one line comment
    step: re.Pattern[bytes]  # as far as possible inside a statement
    token: re.Pattern[bytes]  # one token and the blanks before it
    nested: bool  # block comments nest, and one that does not end is an error
    opens_body: Callable[[bytes, int, int], bool]  # a `BEGIN ... END` is open in this beginning of a statement
    refuse: Callable[[bytes, int], None]  # raises the dialect's own error for a byte that begins no token


def spans(grammar: Grammar, script: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The (start, end) of each statement, first token to last, without the `;`; empty ones are left out."""
    pos = start
    while True:
        pos = skip(grammar, script, pos, end)
        if pos >= end:
            return
        if script[pos] == _SEMICOLON:
            pos += 1
            continue
        first = pos
        last, pos = _finish(grammar, script, first, end)
        yield first, last


def statements(grammar: Grammar, script: bytes, start: int, end: int) -> Iterator[Statement]:
    """Each statement with its line and its first words."""
    refuse_nul(script, start, end)
    lines = Lines(script)
    for first, last in spans(grammar, script, start, end):
        yield Statement(first, last, lines.at(first), words(grammar, script, first, last))


def skip(grammar: Grammar, script: bytes, pos: int, end: int) -> int:
    """The first offset from `pos` that is neither white space nor comment."""
    while True:
        found = grammar.blank.match(script, pos, end)
        pos = found.end() if found else pos
        if not script.startswith(b"/*", pos, end):
            return pos
        pos = _block_comment(grammar, script, pos, end)


def tokens(grammar: Grammar, script: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The (start, end) of each token of a statement, comments left out."""
    match = grammar.token.match
    pos = start
    while found := match(script, pos, end):
        kind = found.lastindex
        if kind:
            first, pos = found.span(kind)
            if kind == TAG:
                pos = _dollar_end(script, (first, pos), end)
            yield first, pos
        else:  # a block comment, the end, or a byte that begins nothing
            pos = skip(grammar, script, found.end(), end)
            if pos >= end:
                return
            if pos == found.end():
                _refuse(grammar, script, pos)


def words(grammar: Grammar, script: bytes, start: int, end: int, limit: int = WORDS) -> tuple[str, ...]:
    """The first `limit` tokens: bare words in upper case, everything else as written (long ones cut)."""
    return upper(raw_words(grammar, script, start, end, limit))


def raw_words(grammar: Grammar, script: bytes, start: int, end: int, limit: int) -> list[bytes]:
    """The first `limit` tokens as written (long ones cut)."""
    match, pos = grammar.token.match, start
    raw: list[bytes] = []
    while pos < end and len(raw) < limit and (found := match(script, pos, end)) and found.lastindex == PLAIN:
        first, pos = found.span(PLAIN)
        raw.append(script[first:pos] if pos - first <= TOKEN_BYTES else script[first : first + TOKEN_BYTES])
    if pos < end and len(raw) < limit:  # a comment, or a token that takes more than a look
        rest = islice(tokens(grammar, script, pos, end), limit - len(raw))
        raw += [script[first : min(last, first + TOKEN_BYTES)] for first, last in rest]
    return raw


def upper(raw: list[bytes]) -> tuple[str, ...]:
    """These tokens as words."""
    return tuple(map(_word, raw))


@lru_cache(4096)  # the same words all the time
def _word(raw: bytes) -> str:
    # A string or a quoted name is no keyword, and its case is its meaning.
    return (raw.upper() if _BARE.fullmatch(raw) else raw).decode("utf-8", "replace")


def _finish(grammar: Grammar, script: bytes, first: int, end: int) -> tuple[int, int]:
    """Where the statement that begins at `first` has its last token, and where to go on (behind its `;`)."""
    solid = pos = first
    depth = 0
    in_body: bool | None = None  # unknown until the first `;`
    while pos < end:
        found = grammar.step.match(script, pos, end)
        if found is None or found.end() == pos:
            _refuse(grammar, script, pos)
        stop, kind = found.end(), found.lastindex
        edge = found.start(kind) if kind else stop
        solid = _trim(script, pos, edge, solid)
        pos = stop
        if kind == SEMICOLON:
            if not depth:
                if in_body is None:
                    in_body = grammar.opens_body(script, first, edge)
                if not in_body:
                    return solid, stop
                in_body = not _closes_body(grammar, script, stop, end)
        elif kind in (OPEN, CLOSE):
            depth = max(depth + (1 if kind == OPEN else -1), 0)
        elif kind:
            pos = _pass(grammar, script, (edge, stop, end), kind)
        if kind and kind <= DOLLAR:
            solid = pos
    return solid, end


def _closes_body(grammar: Grammar, script: bytes, pos: int, end: int) -> bool:
    # A body ends with the END that follows a `;`: that of a CASE never does, nor does a column called "end".
    return _END_WORD.match(script, skip(grammar, script, pos, end), end) is not None


def _pass(grammar: Grammar, script: bytes, here: tuple[int, int, int], kind: int) -> int:
    """Behind the comment or $tag$ string that is here: its beginning, the end of its mark, the end of all."""
    start, mark, end = here
    if kind == DOLLAR:
        return _dollar_end(script, (start, mark), end)
    if kind == COMMENT:
        return _block_comment(grammar, script, start, end)
    found = grammar.dashes.match(script, start, end)
    return found.end() if found else mark


def _trim(script: bytes, low: int, high: int, solid: int) -> int:
    """The end of the last token in this stretch; if it is only white space, `solid`, the one found before."""
    while high > low:
        kept = len(script[max(low, high - 256) : high].rstrip(_WHITE))
        if kept:
            return max(low, high - 256) + kept
        high = max(low, high - 256)
    return solid


def _block_comment(grammar: Grammar, script: bytes, start: int, end: int) -> int:
    """Behind the comment that begins at `start`."""
    if not grammar.nested:
        close = script.find(b"*/", start + 2, end)
        return end if close < 0 else close + 2
    depth, pos = 1, start + 2
    while depth:
        found = _NESTED.search(script, pos, end)
        if found is None:
            fail(script, start, "a comment is not closed", "close it with */ (comments nest)")
        pos = found.end()
        depth += 1 if found[0] == b"/*" else -1
    return pos


def _dollar_end(script: bytes, tag: tuple[int, int], end: int) -> int:
    """Behind the $tag$...$tag$ string whose opening tag stands here."""
    opening = script[tag[0] : tag[1]]
    close = script.find(opening, tag[1], end)
    if close < 0:
        name = opening.decode("utf-8", "replace")
        fail(script, tag[0], f"a {name} string is not closed", f"close it with {name}")
    return close + len(opening)


def _refuse(grammar: Grammar, script: bytes, pos: int) -> NoReturn:
    grammar.refuse(script, pos)
    quote = chr(script[pos])
    thing = _QUOTES.get(quote, "string")  # else the E of E'...'
    fail(script, pos, f"a {thing} is not closed", f"it begins with {quote} and never ends")
