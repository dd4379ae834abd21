"""Events for people: lines on stderr, coloured on a terminal.

An error is a block: `error: ...`, then its details, a blank line, and `hint: ...`: the next act.
"""

from __future__ import annotations

from lockmaster.cli.escape import lines, one_line
from lockmaster.cli.words import describe, level_of
from lockmaster.events import Applied, Failed, Ready, Warned
from lockmaster.settings.secret import mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from lockmaster.errors import LockmasterError
    from lockmaster.events import Event

RED, GREEN, YELLOW, DIM, BOLD = "31", "32", "33", "2", "1"


class TextRenderer:
    """Writes each event as text. `secrets` are hidden wherever they turn up."""

    def __init__(self, stream: TextIO, *, color: bool, secrets: Sequence[str] = ()) -> None:
        self._stream = stream
        self._color = color
        self._secrets = secrets

    def __call__(self, event: Event) -> None:
        inner = getattr(event, "event", event)  # of a step
        if isinstance(event, Failed):
            text = self.error(event.error)
        elif isinstance(inner, Warned):
            text = self._labelled("warning", YELLOW, describe(event)) + self._hint(inner.hint, "  ")
        else:
            words = one_line(mask(describe(event), *self._secrets))
            text = self.paint(DIM, "lockmaster:") + " " + self._accent(event, words) + "\n"
        self._stream.write(text)
        self._stream.flush()

    def error(self, error: LockmasterError) -> str:
        """The block of an error."""
        details = {name: str(value) for name, value in error.details.items() if value}
        width = max(map(len, details), default=0)
        block = self._labelled("error", RED, error.message)
        for name, value in details.items():
            shown = self._clean(value).replace("\n", "\n" + " " * (width + 4))
            block += f"  {self.paint(DIM, name.ljust(width))}  {shown}\n"
        return block + ("\n" + self._hint(error.hint, "") if error.hint else "")

    def paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text

    def _accent(self, event: Event, words: str) -> str:
        if isinstance(event, Ready | Applied):
            return self.paint(GREEN, words)
        return self.paint(YELLOW, words) if level_of(event) == "warning" else words

    def _labelled(self, label: str, code: str, message: str) -> str:
        words = one_line(mask(message, *self._secrets))
        return f"{self.paint(BOLD + ';' + code, label + ':')} {words}\n"

    def _hint(self, hint: str, indent: str) -> str:
        if not hint:
            return ""
        shown = self._clean(hint).replace("\n", "\n" + indent + "      ")
        return f"{indent}{self.paint(BOLD, 'hint:')} {shown}\n"

    def _clean(self, text: str) -> str:
        return lines(mask(text, *self._secrets)).rstrip()
