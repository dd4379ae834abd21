"""Events for `kubectl describe pod` and `kubectl get events`: few, short, and nobody waits for them.

What is told: that it begins to apply, that it waits (after three seconds, and then once a minute or when the holder
changes), how many were applied, and why it failed, with the statement and the next act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster import events as e
from lockmaster import step_events as s
from lockmaster.cli.escape import one_line
from lockmaster.cli.words import describe, elapsed
from lockmaster.errors import StoppedError
from lockmaster.kube import holders
from lockmaster.kube.notes import Note, cut
from lockmaster.kube.telling import Teller
from lockmaster.settings.secret import mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockmaster.errors import LockmasterError
    from lockmaster.events import Emit, Event

_PATIENCE, _AGAIN = 3.0, 60.0
# bytes of each part of a failure, in the order in which they are told; together less than a message may have
_PARTS = (("statement", 240), ("last lines", 240), ("in the database now", 90))
_MESSAGE, _HINT = 380, 200


class KubeRenderer:
    """Turns events into notes. `emit` is for what the telling has to say itself."""

    def __init__(self, environ: Mapping[str, str], pod: str, emit: Emit, secrets: Sequence[str]) -> None:
        self._teller = Teller(environ, pod, emit)
        self._secrets = secrets
        self._started = False
        self._waits: dict[str, tuple[str, float]] = {}  # what -> holder and when it was told

    def __call__(self, event: Event) -> None:
        """Tell it, if it is worth telling. Returns at once."""
        inner = event.event if isinstance(event, s.InStep) else event
        if isinstance(inner, e.Waiting):
            self._waiting(inner)
            return
        note = self._note(inner)
        if note is not None:
            self._teller.tell(note)

    def settle(self, *, failed: bool) -> None:
        """See `Teller.settle`."""
        self._teller.settle(failed=failed)

    def _note(self, event: Event) -> Note | None:
        match event:
            case e.Applying() if not self._started:
                self._started = True
                return Note("MigrationStarted", self._words(event), owner=True)
            case s.Running():
                return Note("CommandStarted", self._words(event), owner=True)
            case e.Ready() if event.applied:
                self._started = False
                return Note("MigrationApplied", self._words(event), owner=True)
            case s.StepDone() if event.kind == "exec" and event.changed:
                return Note("CommandEnded", self._clean(f"{event.text}, {elapsed(event.seconds)}"), owner=True)
            case e.Failed() if not isinstance(event.error, StoppedError):
                return Note(_camel(event.error.code), self._failure(event.error), warning=True, owner=True)
        return None

    def _waiting(self, event: e.Waiting) -> None:
        if event.waited < _PATIENCE:
            return
        if event.what == "turn" and (holder := holders.read(event.holder)):
            self._teller.tell(holder)
        who, told = self._waits.get(event.what, ("", -_AGAIN))
        if who == event.holder and told <= event.waited < told + _AGAIN:
            return
        self._waits[event.what] = (event.holder, event.waited)
        self._teller.tell(Note(f"WaitingFor{event.what.capitalize()}", self._words(event)))

    def _failure(self, error: LockmasterError) -> str:
        """One line in which every part has its share, so that the next act is never what is cut off."""
        parts = [cut(self._clean(error.message), _MESSAGE)]
        parts += [self._part(name, str(error.details[name]), most) for name, most in _PARTS if error.details.get(name)]
        if error.hint:
            parts.append(cut(f"next: {self._clean(error.hint)}", _HINT))
        return "; ".join(parts)

    def _part(self, name: str, text: str, most: int) -> str:
        """One of the details; of what a command said the end counts."""
        text = self._clean(text)
        if name == "last lines" and len(text) > most - len(name):
            text = f"...{text[len(name) + 5 - most :]}"
        return cut(f"{name}: {text}", most)

    def _words(self, event: Event) -> str:
        return self._clean(describe(event))

    def _clean(self, text: str) -> str:
        """Without secrets, in one line. Masked first: a secret may have two lines."""
        return one_line(mask(text, *self._secrets))


def _camel(code: str) -> str:
    return "".join(part.capitalize() for part in code.split("-"))
