"""What the numbers were measured on: enough to judge them, nothing that names the machine."""

from __future__ import annotations

import datetime as dt
import os
import platform
from dataclasses import dataclass
from pathlib import Path

_GIB = 1 << 30


@dataclass(frozen=True)
class Machine:
    """Date, hardware and versions."""

    date: str
    cores: int
    cpu: str
    memory_gib: int
    system: str
    load: str
    versions: dict[str, str]


def describe(versions: dict[str, str]) -> Machine:
    """Describe this machine now."""
    return Machine(
        date=dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        cores=len(os.sched_getaffinity(0)),
        cpu=_cpu_model(),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB),
        system=f"{platform.system()} {platform.machine()}",
        load=" ".join(f"{value:.2f}" for value in os.getloadavg()),
        versions=versions,
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown CPU"
