"""What is stored about a migration of several pieces while it is under way: one line for people, one for us.

It lives where the format keeps it: in Prisma's `logs`, in the native history's `journal`. A later run reads it and knows
which pieces are in effect, and which statement was about to run, with the evidence that was there before it.
"""

from __future__ import annotations

import json

from lockmaster.values import NamedTuple

_MARK = '{"lockmaster": '


class Journal(NamedTuple):
    """State of one migration. `done` pieces of `total` are in effect; `intent`: the next one was about to run."""

    done: int
    total: int
    prefix: str  # sha256 of the script up to the end of the done pieces: a repaired file may go on from there
    intent: bool = False
    evidence: str = ""
    statement: str = ""  # its beginning, for people
    error: str = ""
    cuts: tuple[int, ...] = ()  # offsets of statements that only the server knew to refuse a transaction (D2)
    about: str = ""  # sha256 of the whole statement: the evidence is of no other; "" in a journal of an older version

    def encode(self) -> str:
        doing = f"about to run: {self.statement}" if self.intent else self.error or "in progress"
        fields = {"lockmaster": 1, **self._asdict()}
        return f"lockmaster: {self.done} of {self.total} pieces done, {doing}\n{json.dumps(fields)}"


def decode(text: str) -> Journal | None:
    """The journal in this text, None when it is not ours, or not as we wrote it."""
    line = next((line for line in reversed(text.splitlines()) if line.startswith(_MARK)), "")
    try:
        fields = json.loads(line)
        return Journal(**{name: fields[name] for name in Journal._fields if name in fields})
    except (ValueError, TypeError):  # no such line; cut short or edited by somebody
        return None
