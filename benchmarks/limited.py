"""A share of one core, as a container's limit gives it: a cgroup of our own, version 1 or 2."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_ROOT = Path("/sys/fs/cgroup")
_PERIOD = 100_000  # microseconds, the kubelet's own
# Joins the group, then becomes the command: what is measured begins inside.
_JOIN = 'echo $$ > "$0"; exec "$@"'


class LimitMissingError(Exception):
    """No cgroup can be made here; the text says why."""


class Limited:
    """`cores` of processor time per second, for commands that have `prefix` before them; a context manager."""

    def __init__(self, cores: float) -> None:
        name = f"lockmaster-bench-{os.getpid()}"
        first = (_ROOT / "cpu").is_dir()
        self._folder = (_ROOT / "cpu" if first else _ROOT) / name
        quota = int(cores * _PERIOD)
        try:
            self._folder.mkdir()
            if first:
                (self._folder / "cpu.cfs_period_us").write_text(str(_PERIOD))
                (self._folder / "cpu.cfs_quota_us").write_text(str(quota))
            else:
                (self._folder / "cpu.max").write_text(f"{quota} {_PERIOD}")
        except OSError as error:
            msg = f"{error.filename}: {error.strerror}"
            raise LimitMissingError(msg) from error
        self.prefix = ["/bin/sh", "-c", _JOIN, str(self._folder / "cgroup.procs")]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._folder.rmdir()
