"""Folders of migrations, and the marks by which their effect can be counted.

Every piece of a script inserts its own mark into `effects`, so "exactly once" is a question to the database: each mark
is there, and there once. `marks(folder)` says which ones have to be there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Format = Literal["native", "prisma"]
Provider = Literal["postgresql", "sqlite"]
_MARK = re.compile(r"INSERT INTO effects VALUES \('([^']+)'\)")
_PRISMA_DAY = 20260101000000
REPEATABLE = "repeatable/"


def mark(name: str) -> str:
    """The statement that leaves the mark `name`."""
    return f"INSERT INTO effects VALUES ('{name}');"


@dataclass(frozen=True)
class Folder:
    """Migrations by name, in order, as one format keeps them; native names in `repeatable/` come last."""

    format: Format
    scripts: Mapping[str, str]

    def write(self, path: Path, provider: Provider = "postgresql") -> Path:
        """Write all of it and give the path for --dir."""
        path.mkdir(parents=True, exist_ok=True)
        if self.format == "prisma":
            (path / "migration_lock.toml").write_text(f'provider = "{provider}"\n')
        for name, sql in self.scripts.items():
            file = path / (f"{name}/migration.sql" if self.format == "prisma" else f"{name}.sql")
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(sql.encode())
        return path

    @property
    def names(self) -> list[str]:
        """The names as the history keeps them."""
        return [name.removeprefix(REPEATABLE) for name in self.scripts]

    @property
    def marks(self) -> list[str]:
        """Every mark that is left when each migration is in effect exactly once, sorted."""
        return sorted(found for sql in self.scripts.values() for found in _MARK.findall(sql))


def native(*scripts: str, repeatable: Mapping[str, str] | None = None) -> Folder:
    """Native migrations 0001_m, 0002_m, ... with these scripts."""
    named = {f"{number:04}_m": sql for number, sql in enumerate(scripts, 1)}
    return Folder("native", {**named, **{REPEATABLE + name: sql for name, sql in (repeatable or {}).items()}})


def prisma(*scripts: str) -> Folder:
    """Prisma migrations 20260101000001_m, ... with these scripts."""
    return Folder("prisma", {f"{_PRISMA_DAY + number}_m": sql for number, sql in enumerate(scripts, 1)})
