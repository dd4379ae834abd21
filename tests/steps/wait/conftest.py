"""The servers that the waits are for, one of each for a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.certificates import Authority
from tests.support.home import new_folder
from tests.support.speaker import Speaker, silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def certificates() -> Path:
    """A folder that servers can read."""
    return new_folder("certificates")


@pytest.fixture(scope="session")
def authority(certificates: Path) -> Authority:
    return Authority(certificates)


@pytest.fixture(scope="session")
def good(authority: Authority) -> tuple[Path, Path]:
    """A certificate for where the servers are, and its key."""
    return authority.sign("good", "localhost", "127.0.0.1")


@pytest.fixture
def mute() -> Iterator[Speaker]:
    """A server that takes connections and says nothing."""
    with Speaker(silent) as server:
        yield server
