"""How what has come takes its place: the same content is left alone, mode and owner are set, and it is remembered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lockmaster.errors import UnreachableError
from lockmaster.prepare import owners
from lockmaster.prepare.context import Context, Outcome
from lockmaster.prepare.steps.fetch import files, folders, record
from lockmaster.prepare.steps.fetch.hidden import remove
from lockmaster.step_events import Changed

if TYPE_CHECKING:
    from lockmaster.prepare.steps.fetch.part import Part
    from lockmaster.prepare.steps.fetch.place import Place
    from lockmaster.prepare.steps.fetch.record import Record
    from lockmaster.prepare.steps.fetch.spec import Fetch
    from lockmaster.prepare.steps.fetch.tree import Builder

_MODE, _SECRET_MODE = 0o644, 0o600


class Landing:
    """One target. `before` is what was put there by the last run that succeeded, None if nobody knows of one."""

    def __init__(self, spec: Fetch, context: Context, place: Place, shown: str) -> None:
        self._context, self._shown = context, shown
        self._replace, self._mode = spec.replace, spec.permissions
        self._secret = spec.source.startswith(("vault:", "secret:"))
        self.place, self.owner = place, owners.parse(spec.owner)
        self.before = record.read(place)

    def check(self, *, folder: bool) -> None:
        """Raise StepFailedError if what is there is not to be replaced by such a thing."""
        if folder:
            folders.check(self.place, self.before, replace=self._replace)
        else:
            files.check(self.place)

    def digest(self) -> str:
        """SHA-256 of the file that is there, "" if none is."""
        return files.digest(self.place.target, self.look_up)

    def look_up(self, _count: int) -> None:
        """From long work, whether it may go on."""
        self._context.stop.check()
        if self._context.deadline.over():
            raise UnreachableError(f"{self._shown} was not in its place in time", hint="a longer time limit")

    def unchanged(self) -> Outcome:
        """It is what it should be; for a file, mode and owner are looked at."""
        if os.path.isdir(self.place.target):
            return Outcome(changed=False, text="unchanged")
        wanted = self._mode.of(_MODE, folder=False) if self._mode else None
        changes = files.adjust(self.place.target, wanted, self.owner)
        if changes:
            self._context.emit(Changed(self.place.shown, changes))
        return Outcome(bool(changes), changes or "unchanged")

    def file(self, part: Part, made: Record) -> Outcome:
        """Put a file there."""
        self.check(folder=False)
        if made.digest == self.digest():
            part.discard()
            self._remember(made)
            return self.unchanged()
        mode = self._mode.of(_MODE, folder=False) if self._mode else _SECRET_MODE if self._secret else _MODE
        text = _size(part.size)
        files.put(part, self.place, mode, self.owner)
        self._remember(made)
        return self._done(text)

    def folder(self, builder: Builder, made: Record) -> Outcome:
        """Put a folder there."""
        self.check(folder=True)
        builder.finish(self._mode, self.owner)
        names = folders.put(builder.root, self.place, self.before, replace=self._replace)
        made = made._replace(names=names if self.place.inside else ())
        record.write(self.place, made._replace(print=record.footprint(self.place, made.names)))
        return self._done(f"{builder.files} file{'s' * (builder.files != 1)}, {_size(builder.size)}")

    def _remember(self, made: Record) -> None:
        remove(self.place.hidden("scratch"))
        if made.version:
            record.write(self.place, made._replace(print=record.footprint(self.place)))

    def _done(self, text: str) -> Outcome:
        self._context.emit(Changed(self.place.shown, f"{text}, from {self._shown}"))
        return Outcome(changed=True, text=f"fetched {text}")


def _size(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024 or unit == "MiB":
            break
        count //= 1024
    return f"{count} {unit}"
