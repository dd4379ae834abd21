"""What a run of these tests has shown, as a page of the documentation (--cluster-results=FILE)."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.support.cluster import Cluster

HEAD = """# The cluster's results

Written by `make test-cluster`: the scenarios of `tests/cluster`, each on a real cluster with a real PostgreSQL in a pod.
The seconds are those of a busy machine, and nothing is asserted about them.
"""


class Row(NamedTuple):
    """One scenario, and what became of it."""

    name: str
    outcome: str
    seconds: float


class Results:
    """Scenarios and measurements, in the order in which they came."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.notes: list[tuple[str, str]] = []

    def note(self, subject: str, value: str) -> None:
        """Keep a measurement, and print it."""
        self.notes.append((subject, value))
        print(f"{subject}: {value}")  # noqa: T201 - seen with pytest -s, and where a test fails

    def page(self, versions: list[str]) -> str:
        today = dt.datetime.now(tz=dt.UTC).date()
        lines = [HEAD, f"{today}: {', '.join(versions)}.", ""]
        lines += ["| scenario | result | seconds |", "|---|---|---|"]
        lines += [f"| {row.name} | {row.outcome} | {row.seconds:.0f} |" for row in self.rows]
        if self.notes:
            lines += ["", "| measured | value |", "|---|---|"]
            lines += [f"| {subject} | {value} |" for subject, value in self.notes]
        return "\n".join(lines) + "\n"


def versions(cluster: Cluster) -> list[str]:
    """Say what it ran on."""
    info = cluster.json("get", "nodes")["items"][0]["status"]["nodeInfo"]
    runtime = info["containerRuntimeVersion"].replace("://", " ")
    kernel = info["kernelVersion"].partition("-")[0]
    return [f"Kubernetes {info['kubeletVersion']}", runtime, f"Linux {kernel}", f"{os.cpu_count()} cores"]
