"""The commands of a container, cut out of what its manifest says: without a shell one, in a script of `sh -c` many.

This is no shell: quotes and operators are read as a shell reads them, loops and conditions only as far as to see which
commands are in them. A script that it cannot read has no commands.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
_OPERATORS = frozenset({"&&", "||", ";", ";;", "|", "|&", "&"})
_PUNCTUATION = re.compile(r"&&|\|\||;;|\|&|&>>?|>&|<&|>>|<<<?|[();<>|&]")
_REDIRECTED = re.compile(r"(?:(?<= )(\d) )?(>&|&>>?|>>?|<) ")  # 2 >& 1, as it was cut
_HERE = re.compile(
    r"<<-?[ \t]*(['\"]?)(\w+)\1([^\n]*)\n.*?^[ \t]*\2$", re.DOTALL | re.MULTILINE
)  # <<EOF: words, no commands
_WORDS = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{", "(", "time"})
_ENDS = frozenset({"fi", "done", "esac", "}"})


class Command(NamedTuple):
    """One simple command. `before` and `after` are the operators around it, `keyword` is `until`, `if`, `!`, ..."""

    words: tuple[str, ...]
    before: str = ""
    after: str = ""
    keyword: str = ""

    @property
    def text(self) -> str:
        """It as a person would write it, nearly."""
        return _REDIRECTED.sub(r"\1\2", " ".join(self.words))


class Script(NamedTuple):
    """What a container runs. `text` is that of a shell script, empty where no shell is told what to do."""

    commands: tuple[Command, ...]
    text: str = ""

    @property
    def stops(self) -> bool:
        """Whether the script ends at the first command that fails (`set -e`, `sh -e`)."""
        return any(command.words[:1] == ("set",) and _has(command.words[1:], "e") for command in self.commands)

    @property
    def pipefail(self) -> bool:
        """Whether a pipe fails with any of its commands."""
        return "pipefail" in self.text


def read(words: Sequence[str]) -> Script:
    """The commands in the words of a container."""
    shell = inner(words)
    if shell is None:
        return Script((Command(tuple(words)),)) if words else Script(())
    options, text = shell
    lead = "set " + " ".join(option for option in options if option != "-c") + "\n" if _has(options, "e") else ""
    return Script(tuple(_commands(lead + text)), lead + text)


def inner(words: Sequence[str]) -> tuple[list[str], str] | None:
    """The options and the script of `sh -c SCRIPT`; None where it is something else."""
    words = words[1:] if words[:1] and base(words[0]) == "busybox" else words
    if not words or base(words[0]) not in SHELLS:
        return None
    options: list[str] = []
    for number, word in enumerate(words[1:], 1):
        if re.fullmatch(r"-[a-z]*c", word):
            rest = words[number + 1 :]
            return ([*options, word], rest[0]) if rest else None
        if not word.startswith(("-", "+")) and word != "pipefail":
            return None
        options.append(word)
    return None


def base(word: str) -> str:
    """`/usr/bin/npx` is `npx`."""
    return os.path.basename(word)


def _commands(text: str) -> Iterator[Command]:
    try:
        pieces = _pieces(text)
    except ValueError:  # a quote without its other half
        return
    before = keyword = ""
    words: list[str] = []
    for piece in [*pieces, ";"]:
        if piece in _OPERATORS:
            if words:
                yield Command(tuple(words), before, "" if piece == ";" else piece, keyword)
                before, keyword, words = piece, "", []
        elif not words and piece in _WORDS:
            keyword = f"{keyword} {piece}".strip()
        elif piece != ")" and (words or piece not in _ENDS):
            words.append(piece)


def _pieces(text: str) -> list[str]:
    text = _HERE.sub(r"\3", re.sub(r"\\\n", " ", text))
    text = re.sub(r"(?m)(^|\s)#[^\n]*$", r"\1", text)
    lexer = shlex.shlex(text.replace("\n", " ;\n"), posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split, lexer.commenters = True, ""
    pieces: list[str] = []
    for piece in lexer:
        pieces += _PUNCTUATION.findall(piece) if not piece.strip("();<>|&") else [piece]
    return [piece for piece in pieces if piece]


def _has(options: Sequence[str], letter: str) -> bool:
    return any(re.fullmatch(r"-[a-z]+", option) and letter in option for option in options)
