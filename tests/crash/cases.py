"""Which scenario is killed at which point: all in the full suite, each point once per database in CI."""

from collections import Counter
from collections.abc import Sequence

import pytest

from lockmaster.faults import Fault
from tests.crash.scenarios import Scenario


def every(scenarios: Sequence[Scenario]) -> list[tuple[Scenario, Fault]]:
    """Each scenario with each point that it meets."""
    return [(scenario, fault) for scenario in scenarios for fault in scenario.met]


def each_point_once(scenarios: Sequence[Scenario]) -> list[tuple[Scenario, Fault]]:
    """Each point that any of them meets, with the scenario that had the fewest until then."""
    used: Counter[str] = Counter()
    chosen = []
    for fault in Fault:
        meeting = [scenario for scenario in scenarios if fault in scenario.met]
        if meeting:
            scenario = min(meeting, key=lambda one: used[one.name])
            used[scenario.name] += 1
            chosen.append((scenario, fault))
    return chosen


def params(cases: Sequence[tuple[Scenario, Fault]], *marks: pytest.MarkDecorator) -> list[object]:
    """The cases as parameters with names that say what they are."""
    return [
        pytest.param(scenario, fault, id=f"{scenario.name}-{fault.value}", marks=marks) for scenario, fault in cases
    ]


def split(scenarios: Sequence[Scenario]) -> list[object]:
    """All cases; those that CI does not need are slow."""
    chosen = each_point_once(scenarios)
    rest = [case for case in every(scenarios) if case not in chosen]
    return [*params(chosen), *params(rest, pytest.mark.slow)]
