"""`${NAME}` in text, as shells and envsubst have it: the POSIX parameter expansions that choose, and no others.

    ${NAME}            its value; an unset one is an error
    ${NAME:-text}      text where NAME is unset or empty        ${NAME-text}   where it is unset
    ${NAME:+text}      text where NAME is set and not empty     ${NAME+text}   where it is set
    ${NAME:?message}   an error where it is unset or empty      ${NAME?message}
    $${                a plain ${

`text` may hold expansions again. Source: POSIX.1-2017, Shell Command Language, 2.6.2; the error for an unset name is
what `set -u` does. A `$` without a brace is a plain `$`, unless `bare` asks for `$NAME` too. With `only`, whatever is
not one of these names stays as it is written, as envsubst's SHELL-FORMAT has it: `$uri` is nginx's own.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Lookup = Callable[[str], str | None]

_HEAD = re.compile(r"\$\$\{|\$\{")
_HEAD_BARE = re.compile(r"\$\$(?=[{A-Za-z_])|\$\{|\$([A-Za-z_][A-Za-z0-9_]*)")
_ABOUT = re.compile(r"\$\$?\{?([A-Za-z_][A-Za-z0-9_]*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_NESTED = 20


class ExpansionError(ValueError):
    """What cannot be expanded. `offset` is the place in the text, in characters; `name` the variable, if it is one."""

    def __init__(self, message: str, offset: int, name: str = "") -> None:
        super().__init__(message)
        self.offset, self.name = offset, name


def expand(text: str, lookup: Lookup, *, bare: bool = False, only: frozenset[str] | None = None) -> str:
    """The text with every expansion done, or with those of the names in `only`. Raises ExpansionError."""
    return _Expander(text, lookup, bare=bare, only=only).all()


class _Expander:
    def __init__(self, text: str, lookup: Lookup, *, bare: bool, only: frozenset[str] | None) -> None:
        self._text, self._lookup, self._bare, self._only = text, lookup, bare, only

    def all(self) -> str:
        return self._until("", 0, 0)[0]

    def _until(self, end: str, at: int, depth: int) -> tuple[str, int]:
        """The expanded text from `at` to the character `end` ("" is the end of the text), and where that is."""
        if depth > _MOST_NESTED:
            raise ExpansionError("nested too deeply", at)
        parts: list[str] = []
        head = _HEAD_BARE if self._bare else _HEAD
        while True:
            found = head.search(self._text, at)
            close = self._text.find(end, at) if end else len(self._text)
            if found is None or 0 <= close < found.start():
                parts.append(self._text[at : close if close >= 0 else None])
                return "".join(parts), close
            parts.append(self._text[at : found.start()])
            if self._only is not None and self._name(found) not in self._only:
                at = self._kept(found, depth)
                parts.append(self._text[found.start() : at])
            elif found[0].startswith("$$"):
                parts.append(found[0][1:])
                at = found.end()
            elif found[0] == "${":
                value, at = self._braced(found.start(), depth)
                parts.append(value)
            else:
                parts.append(self._value(found[1], found.start()))
                at = found.end()

    def _name(self, found: re.Match[str]) -> str:
        """The variable that a `$` is about, "" if it is about none."""
        name = _ABOUT.match(self._text, found.start())
        return name[1] if name else ""

    def _kept(self, found: re.Match[str], depth: int) -> int:
        """Where that ends which is to stay as it is; inside of another expansion its brace is its own."""
        close = self._text.find("}", found.end()) if depth and found[0].endswith("{") else -1
        return close + 1 if close >= 0 else found.end()

    def _braced(self, start: int, depth: int) -> tuple[str, int]:
        """The value of the `${...}` that begins at `start`, and where the text goes on."""
        found = _NAME.match(self._text, start + 2)
        if found is None:
            raise ExpansionError("${ is not followed by a name", start)
        name, at = found[0], found.end()
        colon = self._text.startswith(":", at)
        sign = self._text[at + colon : at + colon + 1]
        if self._text.startswith("}", at):
            return self._value(name, start), at + 1
        if sign not in ("-", "+", "?") or not sign:
            raise ExpansionError(f"${{{name} is not closed by a brace, and not followed by :-, :+ or :?", start)
        value = self._lookup(name)
        missing = not value if colon else value is None
        word, close = self._word(at + colon + 1, depth, expand=missing != (sign == "+"))
        if close < 0:
            raise ExpansionError(f"${{{name} is not closed by a brace", start)
        if sign == "?" and missing:
            raise ExpansionError(f"{name} is not set" + (f": {word}" if word else ""), start, name)
        if sign == "?":
            return value or "", close + 1
        if sign == "+":
            return ("" if missing else word), close + 1
        return (word if missing else value or ""), close + 1

    def _word(self, at: int, depth: int, *, expand: bool) -> tuple[str, int]:
        """The text behind a sign. What is not used is only skipped: its variables need not be set."""
        if expand:
            return self._until("}", at, depth + 1)
        skipping = _Expander(self._text, lambda _: "", bare=self._bare, only=self._only)
        try:
            return skipping._until("}", at, depth + 1)
        except ExpansionError as error:
            if error.name:  # a :? inside what is not used
                return "", self._text.find("}", error.offset)
            raise

    def _value(self, name: str, start: int) -> str:
        value = self._lookup(name)
        if value is None:
            raise ExpansionError(f"{name} is not set", start, name)
        return value
