"""Fair sampling: A B C A B C, so that a slow minute of the machine hits all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from benchmarks.process import CommandError, Sample

Measurement = Callable[[], Sample]


@dataclass(frozen=True)
class Summary:
    """Minimum and median of each quantity: milliseconds, milliseconds, MiB."""

    runs: int
    wall_min: float
    wall_median: float
    cpu_min: float
    cpu_median: float
    peak_mib: float


@dataclass(frozen=True)
class Outcome:
    """What was measured, and for each that failed, how."""

    summaries: dict[str, Summary]
    failures: dict[str, str]


def interleave(measurements: Mapping[str, Measurement], *, runs: int, warm_up: int = 1) -> Outcome:
    """Take `runs` samples of each in turn, after `warm_up` rounds that do not count.

    One that fails is dropped with its reason; the others go on.
    """
    alive = dict(measurements)
    samples: dict[str, list[Sample]] = {name: [] for name in alive}
    failures: dict[str, str] = {}
    for round_number in range(warm_up + runs):
        for name, measure in list(alive.items()):
            try:
                sample = measure()
            except CommandError as error:
                failures[name] = str(error)
                del alive[name]
                continue
            if round_number >= warm_up:
                samples[name].append(sample)
    return Outcome({name: summarize(samples[name]) for name in alive}, failures)


def summarize(samples: list[Sample]) -> Summary:
    """Give minimum and median."""
    walls, cpus = [one.wall * 1000 for one in samples], [one.cpu * 1000 for one in samples]
    return Summary(
        runs=len(samples),
        wall_min=min(walls),
        wall_median=median(walls),
        cpu_min=min(cpus),
        cpu_median=median(cpus),
        peak_mib=median(one.peak_kib / 1024 for one in samples),
    )
