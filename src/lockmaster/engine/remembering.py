"""A source with a memory: plans are made after every read, and scripts are read to be parsed and again to be sent."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.engine.model import Migration
    from lockmaster.engine.ports import Source


KEPT_BYTES = 4 << 20  # of scripts in all: most folders are smaller, and a big script must not stay in memory


class Remembering:
    """A source that asks each file only once whether it is still what was applied: plans are made many times.

    A small script that was read is handed out once more without reading it: what was parsed is what is sent.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._same: dict[tuple[str, str], bool] = {}
        self.format = source.format
        self._scripts: dict[str, bytes] = {}
        self._kept = 0
        self.migrations = source.migrations
        self.checksum, self.compare = source.checksum, source.compare

    def same(self, stored: str, migration: Migration) -> bool:
        key = (stored, migration.id)
        if key not in self._same:
            self._same[key] = self._source.same(stored, migration)
        return self._same[key]

    def script(self, migration: Migration) -> bytes:
        if (kept := self._scripts.pop(migration.id, None)) is not None:
            self._kept -= len(kept)
            return kept
        script = self._source.script(migration)
        if self._kept + len(script) <= KEPT_BYTES:
            self._scripts[migration.id] = script
            self._kept += len(script)
        return script
