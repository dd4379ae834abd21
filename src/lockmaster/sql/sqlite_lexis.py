"""SQLite's lexical rules (tokenize.c, and complete.c for triggers) as one `Grammar`."""

from __future__ import annotations

import re
from typing import Final

from lockmaster.sql.lexer import Grammar, many, raw_words, upper
from lockmaster.sql.scan import fail

_WORD = rb"[A-Za-z_\x80-\xff][\w$\x80-\xff]*+"
_NUMBER = rb"\d[\w.]*+"
_STRING = rb"'[^']*+" + many(rb"''[^']*+") + rb"'"
_NAMES = (rb'"[^"]*+' + many(rb'""[^"]*+') + rb'"', rb"`[^`]*+" + many(rb"``[^`]*+") + rb"`", rb"\[[^\]]*+\]")
_DASHES = rb"--[^\n]*+"  # up to \n only: a lone \r does not end it
_BLANK = many(rb"[ \t\n\r\f\v]++|" + _DASHES)

# Parentheses are nothing special here: a `;` ends the statement wherever it stands.
_ATOM = rb"|".join((rb"[^'\"`\[;/\-\0]++", _STRING, *_NAMES, rb"-(?!-)", rb"/(?!\*)"))
# The groups must have the numbers that the lexer knows; SQLite has no use for those that can never match.
_STEP = many(_ATOM, b"{0,4096}") + rb"(?:(;)|((?!))|((?!))|((?!))|(/\*)|(--))?"
_TOKEN = rb"|".join(
    (
        rb"[xX]" + _STRING,
        _WORD,
        _NUMBER,
        _STRING,
        *_NAMES,
        rb"[?:@$#]\w++",
        many(rb"[+*<>=~!%&|]|-(?!-)|/(?!\*)", b"+"),
        rb"[^'\"`\[\0/-]",
    )
)


def _opens_body(script: bytes, start: int, end: int) -> bool:
    """CREATE TRIGGER: the statements of its body end in `;` themselves."""
    if script[start] not in b"cCeE":
        return False
    words = upper(raw_words(SQLITE, script, start, end, 6))
    at = words.index("CREATE") if "CREATE" in words else len(words)  # EXPLAIN [QUERY PLAN] may stand before it
    at += 2 if words[at + 1 : at + 2] in (("TEMP",), ("TEMPORARY",)) else 1
    return words[at : at + 1] == ("TRIGGER",)


def _refuse(_script: bytes, _at: int) -> None:
    """What begins no token here is a quote that does not end: the lexer knows that error."""


def refuse_command(script: bytes, start: int, end: int) -> None:
    """Refuse a command of the sqlite3 shell: no statement begins with a dot."""
    if script.startswith(b".", start):
        line = script[start : min(end, start + 40)].split(b"\n", 1)[0]
        fail(
            script,
            start,
            f"{line.split()[0].decode('utf-8', 'replace')} is a command of the sqlite3 shell, not SQL",
            "remove the line, or put what it reads into the script",
        )


SQLITE: Final = Grammar(
    blank=re.compile(_BLANK),
    dashes=re.compile(_DASHES),
    step=re.compile(_STEP),
    token=re.compile(_BLANK + rb"(?:((?!))|(" + _TOKEN + rb"))?"),
    nested=False,
    opens_body=_opens_body,
    refuse=_refuse,
)
