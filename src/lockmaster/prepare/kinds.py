"""The kinds of steps. A kind is a folder in `steps`; its name is the key under which a step says what to do.

`Spec` is a msgspec Struct that describes the fields, with `shorthand` (a class variable) naming the field that a value
without fields stands for (`wait: tcp://db:5432`), and `verbatim` the fields in which `${NAME}` is left alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.prepare.context import Context, Outcome

KINDS = ("migrate", "gate", "exec")


def spec_of(kind: str) -> type[Any]:
    """The class of the kind's fields."""
    spec: type[Any] = import_module(f"lockmaster.prepare.steps.{kind}.spec").Spec
    return spec


def runner_of(kind: str) -> Callable[[Any, Context], Outcome]:
    """The function that does it: loaded when the step runs, with the libraries that it needs."""
    runner: Callable[[Any, Context], Outcome] = import_module(f"lockmaster.prepare.steps.{kind}.run").run
    return runner
