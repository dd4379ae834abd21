"""PostgreSQL's lexical rules (scan.l of the server, standard_conforming_strings on) as one `Grammar`."""

from __future__ import annotations

import re
from typing import Final

from lockmaster.sql.lexer import Grammar, many, raw_words, tokens, upper
from lockmaster.sql.scan import fail

_DASHES = rb"--[^\n\r]*+"
_BLANK = many(rb"[ \t\n\r\f\v]++|" + _DASHES)
# An E before a quote is no word, so that an E'...' that never ends is not read as a word and a plain string.
_WORD = rb"(?:[A-DF-Za-df-z_\x80-\xff]|[eE](?!'))[\w$\x80-\xff]*+"
_NUMBER = rb"\d\w*+" + many(rb"\.\w*+", b"?")
_STRING = rb"'[^']*+" + many(rb"''[^']*+") + rb"'"
_NAME = rb'"[^"]*+' + many(rb'""[^"]*+') + rb'"'
_ESCAPED = rb"'" + many(rb"[^'\\]++|\\[\s\S]|''") + rb"'"
# 'a' <newline> 'b' is one string. Only for E'...' does it matter: backslashes count in the second part, too,
# and one that does not end must not be read anew as a plain string.
_NEWLINE = rb"[ \t\f\v]*+" + many(_DASHES, b"?") + rb"[\n\r]" + many(rb"[ \t\n\r\f\v]++|" + _DASHES + rb"[\n\r]")
_E_STRING = rb"[eE]" + _ESCAPED + many(_NEWLINE + _ESCAPED) + rb"(?!" + _NEWLINE + rb"')"
_TAG = rb"(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+)?\$"  # behind the first $; a tag holds no $

_ATOM = rb"|".join(
    (
        rb"[^'\"$;()\\/\-A-Za-z_\x80-\xff0-9\0]++",  # white space and symbols
        rb"[A-DF-Za-df-z_\x80-\xff][\w$\x80-\xff]*+",
        rb"[eE](?!')[\w$\x80-\xff]*+",
        _NUMBER,
        _STRING,
        _NAME,
        _E_STRING,
        rb"-(?!-)",
        rb"/(?!\*)",
        rb"\$(?:\d++|(?!" + _TAG + rb"))",
    )
)
# Parentheses with nothing special in them are passed in one step: rows of VALUES are most of a big script.
# The limits bound the memory of the regex engine.
_FLAT = rb"\(" + many(_ATOM + rb"|" + _DASHES, b"{0,4096}") + rb"\)"
_NESTED = rb"\(" + many(_ATOM + rb"|" + _FLAT + rb"|" + _DASHES, b"{0,4096}") + rb"\)"
_STEP = many(_ATOM + rb"|" + _NESTED, b"{0,4096}") + rb"(?:(;)|(\()|(\))|(\$" + _TAG + rb")|(/\*)|(--))?"

_TOKEN = rb"|".join(
    (
        rb"[A-Za-z_\x80-\xff][\w$\x80-\xff]++|[(),]",  # most tokens, so they come first: no prefix is that long
        rb"(?:[bBxXnN]|[uU]&)" + _STRING,
        rb"[uU]&" + _NAME,
        _E_STRING,
        _WORD,
        _NUMBER,
        _STRING,
        _NAME,
        rb"\$\d++",
        rb"::|:=|\.\.",
        many(rb"[+*<>=~!@#%^&|`?]|-(?!-)|/(?!\*)", b"+"),
        rb"[^'\"\\\0eE/-]",
    )
)

_ROUTINES: Final = ("FUNCTION", "PROCEDURE")
_SECOND = re.compile(rb"[A-Za-z]+\s+([A-Za-z]+)(?![\w$\x80-\xff])")
_MAYBE_ROUTINE: Final = (b"OR", b"FUNCTION", b"PROCEDURE")
_COMMAND = re.compile(rb"\\[^\s\\]*")


def _opens_body(script: bytes, start: int, end: int) -> bool:
    """CREATE FUNCTION ... BEGIN ATOMIC: the statements of the body end in `;` themselves."""
    second = _SECOND.match(script, start, end)
    if script[start] not in b"cC" or (second and second[1].upper() not in _MAYBE_ROUTINE):  # most statements
        return False
    head = upper(raw_words(POSTGRES, script, start, end, 4))
    kind = head[3:4] if head[1:3] == ("OR", "REPLACE") else head[1:2]
    return head[0] == "CREATE" and kind != () and kind[0] in _ROUTINES and _begins_atomic(script, start, end)


def _begins_atomic(script: bytes, start: int, end: int) -> bool:
    depth = 0  # a parameter may be called "begin" and be of a type "atomic"
    before, is_open = b"", False
    for first, last in tokens(POSTGRES, script, start, end):
        token = script[first : min(last, first + 8)].upper()
        if is_open:
            return token != b"END"  # else the body is empty
        depth += (token == b"(") - (token == b")")
        is_open = not depth and before == b"BEGIN" and token == b"ATOMIC"
        before = token
    return is_open


def _refuse(script: bytes, pos: int) -> None:
    """A backslash outside quotes is a command of psql: the server itself knows none."""
    command = _COMMAND.match(script, pos)
    if command:
        name = command[0].decode("utf-8", "replace")
        fail(
            script,
            pos,
            f"{name} is a command of psql, not SQL",
            "remove the line, or write the script without psql's commands (pg_dump: add --inserts, "
            "and drop the \\restrict and \\connect lines)",
        )


POSTGRES: Final = Grammar(
    blank=re.compile(_BLANK),
    dashes=re.compile(_DASHES),
    step=re.compile(_STEP),
    token=re.compile(_BLANK + rb"(?:(\$" + _TAG + rb")|(" + _TOKEN + rb"))?"),
    nested=True,
    opens_body=_opens_body,
    refuse=_refuse,
)
