"""What runs Lockmaster in a namespace: a table for people, with what needs somebody below it; or JSON."""

from __future__ import annotations

import json
import time
from calendar import timegm
from typing import TYPE_CHECKING, Any

from lockmaster.cli.escape import one_line
from lockmaster.cli.render_table import aligned
from lockmaster.settings.secret import mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockmaster.engine.levels import Level
    from lockmaster.kube.overview import Holder, Workload
    from lockmaster.kube.podstate import PodSeen

_HEAD = ("WORKLOAD", "READY", "LEVEL", "PODS")


def as_json(
    namespace: str, workloads: Sequence[Workload], leases: Sequence[Holder], levels: Sequence[Level], error: str
) -> str:
    """Every field under its name."""
    shown = [one._asdict() | {"pods": [pod._asdict() for pod in one.pods]} for one in workloads]
    found: dict[str, Any] = {
        "namespace": namespace, "workloads": shown, "leases": [one._asdict() for one in leases],
        "databases": [one._asdict() for one in levels],
    }  # fmt: skip
    return json.dumps(found | ({"database_error": error} if error else {}))


def as_text(
    namespace: str, workloads: Sequence[Workload], leases: Sequence[Holder], levels: Sequence[Level], error: str
) -> str:
    """The table; each pod that is not done; who has a turn; the database's own word."""
    if not workloads:
        blocks = [[f"no workload in namespace {namespace} runs lockmaster"]]
    else:
        blocks = [list(aligned([_HEAD, *map(_row, workloads)]))]
    blocks += [list(_pod(*alike)) for one in workloads for alike in _alike(one.pods)]
    blocks.append([_lease(one) for one in leases])
    blocks.append([_level(one) for one in levels] + ([f"database: {one_line(mask(error))}"] if error else []))
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _row(one: Workload) -> tuple[str, ...]:
    counts = ", ".join(f"{count} {state}" for state, count in one.counts.items())
    return f"{one.kind.lower()}/{one.name}", f"{one.ready}/{one.wanted}", one.level or "not told", counts or "none"


def _alike(pods: Sequence[PodSeen]) -> Iterator[tuple[PodSeen, int]]:
    """Those that are not done; of a herd that has the same to say, one and how many more there are."""
    groups: dict[tuple[object, ...], list[PodSeen]] = {}
    for pod in pods:
        if pod.state != "done":
            said = pod.text.rpartition(" (")[0] if pod.text.endswith(")") else pod.text  # without how long
            groups.setdefault((pod.state, pod.exit, said), []).append(pod)
    for group in groups.values():
        yield min(group, key=lambda pod: (pod.since, pod.name)), len(group) - 1


def _pod(pod: PodSeen, more: int) -> Iterator[str]:
    """What it does and since when; then why, and the next act."""
    ended = f" with {pod.exit}" if pod.state == "failed" else ""
    restarts = f", restarted {pod.restarts} time{'s' if pod.restarts > 1 else ''}" if pod.restarts else ""
    others = f" (and {more} more pod{'s' if more > 1 else ''})" if more else ""
    yield f"{pod.name}{others} {pod.container}: {pod.state}{ended}, {_age(pod.since)}{restarts}"
    for line in (pod.text, *pod.details):
        if line:
            yield f"  {one_line(mask(line))}"
    for number, line in enumerate(pod.hint.splitlines()):
        yield f"  {'' if number else 'next: '}{one_line(mask(line))}"


def _lease(one: Holder) -> str:
    held = f"{one.holder} has it, {_age(one.since)}" if one.holder else "nobody has it"
    return f"lease {one.lease}: {one_line(held)}"


def _level(one: Level) -> str:
    level = f"at {one.level}, {one.applied} applied" if one.level else "nothing applied"
    begun = f"; begun and not finished: {', '.join(one.open)}" if one.open else ""
    turn = f"{one.holder} has the turn" if one.holder else "nobody has the turn"
    return one_line(f"database {mask(one.database)}: {level}{begun}; {turn} ({one.format} history {one.history})")


def _age(stamp: str) -> str:
    """`for 3m`, as kubectl rounds it."""
    try:
        seconds = int(time.time() - timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")))
    except ValueError:
        return "nobody knows since when"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"for {seconds // size}{unit}"
    return f"for {max(0, seconds)}s"
