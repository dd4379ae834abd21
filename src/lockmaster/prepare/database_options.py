"""The settings of a command as the fields of a step, and back: for the steps that work with the migrations' database.

A field of a step counts like a flag: it wins over variables and over the keys at the top of lockmaster.yaml, which
are the defaults of all such steps.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from lockmaster.prepare.types import Duration
from lockmaster.settings.table import OPTIONS, Option

NOT_IN_STEPS = frozenset(
    {"config", "log_format", "color", "termination_log", "kube_events", "quiet", "verbose", "dry_run"}
)


def spec_for(command: str, name: str, more: tuple[tuple[Any, ...], ...] = ()) -> type[Any]:
    """A struct with a field for every setting of the command that makes sense in a step; `more` are its own.

    Each of those is a name, a type, and a default unless it has to be there.
    """
    options = [option for option in OPTIONS if command in option.commands and option.key not in NOT_IN_STEPS]
    fields: list[Any] = [*more, *((option.key, _type(option), None) for option in options)]
    return msgspec.defstruct(name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True)


def _type(option: Option) -> Any:
    kind: Any = str | int
    if option.kind in ("duration", "limit"):
        kind = Duration
    elif option.kind == "choice":
        kind = Literal[option.choices]
    elif option.kind == "bool":
        kind = bool
    return Annotated[kind | None, msgspec.Meta(description=option.help)]
