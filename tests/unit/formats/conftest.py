"""Folders of migrations as one dictionary."""

from collections.abc import Callable
from pathlib import Path

import pytest

Tree = Callable[..., str]


def link(path: str, target: str) -> None:
    Path(path).symlink_to(target)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """tree({"a/b.sql": "select 1", "c/": None}) makes files and folders and gives the folder's path."""

    def make(content: dict[str, str | bytes | None], under: str = "project") -> str:
        root = tmp_path / under
        root.mkdir(exist_ok=True)
        for name, text in content.items():
            path = root / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text or b"")
        return str(root)

    return make
