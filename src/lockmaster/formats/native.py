"""Plain SQL, Lockmaster's own format: `<version>_<name>.sql`, and `repeatable/NAME.sql`."""

from __future__ import annotations

from lockmaster.engine.model import Migration
from lockmaster.errors import UsageError
from lockmaster.formats import digest, files
from lockmaster.formats.names import version_of
from lockmaster.formats.native_history import REPEATABLE, NativeHistory

__all__ = ["NativeHistory", "NativeSource"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import DirEntry

FOLDER = "repeatable"
_DIGITS = 18  # a version fits the bigint of every database
_NAME_LENGTH = 255  # a file system's own limit, which a label from elsewhere should keep too


class NativeSource:
    """A folder of SQL files. Versions are compared as numbers, so `7`, `007` and `0007` are the same one.

    Repeatable migrations stand after all others, by name; they run again when their content has changed. Beside
    `x.sql` there may be `x.down.sql`, which nothing here reads.
    """

    __slots__ = ("_folder",)

    format = "native"

    def __init__(self, folder: str) -> None:
        self._folder = folder.rstrip("/") or folder

    def migrations(self) -> tuple[Migration, ...]:
        """Versions in their order, then repeatables. Raises UsageError for a SQL file that would not be run."""
        found = files.entries(self._folder)
        versioned = _versioned(found)
        repeatable = tuple(
            _repeatable(entry)
            for folder in found
            if folder.name == FOLDER and files.is_folder(folder)
            for entry in sorted(files.entries(folder.path), key=lambda entry: entry.name)
            if _is_script(entry)
        )
        if not versioned and not repeatable:
            raise UsageError(
                f"no migrations in {self._folder}",
                hint="a migration is a file <version>_<name>.sql: lockmaster new NAME --format native makes one",
            )
        return versioned + repeatable

    def script(self, migration: Migration) -> bytes:
        """The script as it is. Raises UsageError for an annotation that this version does not know."""
        script = files.read(migration.path)
        _refuse_annotations(migration.path, script)
        return script

    def checksum(self, script: bytes) -> str:
        """Of the bytes as they are; `same` forgives what git does to line ends."""
        return digest.checksum(script)

    def same(self, stored: str, migration: Migration) -> bool:
        script = files.content(migration.path)
        return script is not None and digest.same(stored, script)

    def compare(self, one: str, other: str) -> int:
        left, right = _order(one), _order(other)
        return (left > right) - (left < right)


def _order(ident: str) -> tuple[bool, int, str]:
    repeatable = ident.startswith(REPEATABLE)
    return repeatable, 0 if repeatable else int(ident), ident if repeatable else ""


def _is_script(entry: DirEntry[str]) -> bool:
    name = entry.name
    if name.startswith(".") or not name.lower().endswith(".sql") or name.lower().endswith(".down.sql"):
        return False
    return files.is_file(entry)


def _versioned(found: list[DirEntry[str]]) -> tuple[Migration, ...]:
    seen: dict[str, Migration] = {}
    for entry in sorted((entry for entry in found if _is_script(entry)), key=lambda entry: entry.name):
        migration = _migration(entry)
        other = seen.setdefault(migration.id, migration)
        if other is not migration:
            raise UsageError(
                f"version {migration.id} is there twice: {other.path} and {migration.path}",
                hint="versions are compared as numbers; give the newer file the next one",
            )
    return tuple(sorted(seen.values(), key=lambda migration: int(migration.id)))


def _migration(entry: DirEntry[str]) -> Migration:
    stem, version = entry.name[: -len(".sql")], version_of(entry.name[: -len(".sql")])
    files.name_fits(entry.name, entry.path, _NAME_LENGTH)
    if not version or not entry.name.endswith(".sql") or stem.lower().endswith(".up"):
        raise UsageError(
            f"{entry.path} is not named <version>_<name>.sql, so it would not be run",
            hint=_did_you_mean(entry.name),
        )
    if len(version) > _DIGITS:
        raise UsageError(
            f"the version of {entry.path} has {len(version)} digits; {_DIGITS} is the most",
            hint="a sequence (0001) or a timestamp (20260102150405) is what others use",
        )
    return Migration(version, stem, entry.path)


def _repeatable(entry: DirEntry[str]) -> Migration:
    files.name_fits(entry.name, entry.path, _NAME_LENGTH)
    stem = entry.name[: -len(".sql")]
    return Migration(REPEATABLE + stem, REPEATABLE + stem, entry.path, repeatable=True)


def _did_you_mean(name: str) -> str:
    """What to do about a name that does not fit; with a name that would, where there is something to go by."""
    import re

    stem = re.sub(r"(\.up)?\.sql$", "", name, flags=re.IGNORECASE)
    if repeatable := re.fullmatch(r"R__(.+)", stem):
        return f"rename it to {FOLDER}/{repeatable[1]}.sql"
    fits = re.fullmatch(r"[vV]?(\d+)[\W_]*(.*)", stem, flags=re.ASCII)
    if fits is None:
        return f"rename it to <version>_{stem}.sql, or move it elsewhere if it is no migration"
    return f"rename it to {fits[1]}_{fits[2] or 'name'}.sql"


def _refuse_annotations(path: str, script: bytes) -> None:
    """Raise UsageError for `-- lockmaster: ...` in the comments on top: reserved, and silence would be a promise."""
    start, line = 3 if script.startswith(b"\xef\xbb\xbf") else 0, 1
    while start < len(script):
        end = script.find(b"\n", start)
        text = script[start : end if end >= 0 else len(script)].strip()
        if text and not text.startswith(b"--"):
            return
        if text[2:].lstrip().startswith((b"+goose", b"migrate:")):
            raise UsageError(
                f"{path}:{line}: {text.decode()!r} is another tool's annotation",
                hint="run as plain SQL, this file would do its down part as well: keep only the up part",
            )
        if text[2:].lstrip().lower().startswith(b"lockmaster:"):
            raise UsageError(
                f"{path}:{line}: unknown annotation {text.decode()!r}",
                hint="this version of Lockmaster knows no annotations; a newer one may, else remove the line",
            )
        if end < 0:
            return
        start, line = end + 1, line + 1
