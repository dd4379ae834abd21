"""Where the turn ends with each transaction, the place in the line must not: each migration took a Lease of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lockmaster
from lockmaster import compose

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.support.database import Database


class Recording:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def first(self) -> bool:
        self.calls.append("first")
        return True

    def others(self) -> str:
        return ""

    def leave(self) -> None:
        self.calls.append("leave")


def test_one_place_in_the_line_is_enough_for_all_migrations(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (tmp_path / f"{number}_m.sql").write_text(f"CREATE TABLE t{number} (id integer);\n")
    line = Recording()
    monkeypatch.setattr(compose, "_line", lambda *_: line)
    result = lockmaster.migrate(database.url, dir=str(tmp_path), order="lease", pooler="transaction")
    assert len(result.applied) == 5
    assert line.calls.count("first") >= 5
    assert "first" not in line.calls[line.calls.index("leave") :]
