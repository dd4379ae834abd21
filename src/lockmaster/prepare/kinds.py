"""The kinds of steps. A kind is a folder in `steps`; its name is the key under which a step says what to do.

`Spec` is a msgspec Struct that describes the fields, with `shorthand` (a class variable) naming the field that a value
without fields stands for (`wait: tcp://db:5432`), and `verbatim` the fields in which `${NAME}` is left alone.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lockmaster.prepare.context import Context, Outcome

KINDS = (
    "migrate",
    "gate",
    "exec",
    "wait",
    "permissions",
    "render",
    "fetch",
)


def spec_of(kind: str) -> type[Any]:
    """The class of the kind's fields."""
    spec: type[Any] = _module(kind, "spec").Spec
    return spec


def runner_of(kind: str) -> Callable[[Any, Context], Outcome]:
    """The function that does it: loaded when the step runs, with the libraries that it needs."""
    runner: Callable[[Any, Context], Outcome] = _module(kind, "run").run
    return runner


def _module(kind: str, name: str) -> Any:
    return __import__(f"lockmaster.prepare.steps.{kind}.{name}", fromlist=[name])
