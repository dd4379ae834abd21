"""A source with a memory: plans are made after every read, and must not read the folder each time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.engine.model import Migration
    from lockmaster.engine.ports import Source


class Remembering:
    """A source that asks each file only once whether it is still what was applied: plans are made many times."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._same: dict[tuple[str, str], bool] = {}
        self.format = source.format
        self.migrations, self.script = source.migrations, source.script
        self.checksum, self.compare = source.checksum, source.compare

    def same(self, stored: str, migration: Migration) -> bool:
        key = (stored, migration.id)
        if key not in self._same:
            self._same[key] = self._source.same(stored, migration)
        return self._same[key]
