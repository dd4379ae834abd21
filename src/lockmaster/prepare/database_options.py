"""The settings of a command as the fields of a step, and back: for the steps that work with the migrations' database.

A field of a step counts like a flag: it wins over variables and over the keys at the top of lockmaster.yaml, which
are the defaults of all such steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from lockmaster.errors import UsageError
from lockmaster.prepare.types import Duration
from lockmaster.settings.table import OPTIONS, Option

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.settings.options import Options
    from lockmaster.settings.resolving import Resolved

NOT_IN_STEPS = frozenset({"config", "log_format", "color", "termination_log", "quiet", "verbose", "dry_run"})


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
    return Annotated[kind, msgspec.Meta(description=option.help)] | None


def resolved(command: str, spec: Any, context: Context) -> Resolved:
    """The settings of the command, with the step's fields in place of flags. Tells the context what is secret."""
    import os

    from lockmaster.events import Warned
    from lockmaster.project import variables
    from lockmaster.settings.resolving import resolve

    if context.resolved is not None:
        return context.resolved
    known = {option.key: option for option in OPTIONS}
    flags = {
        key: _text(known[key], value) for key, value in msgspec.structs.asdict(spec).items() if key in known and value is not None
    }  # fmt: skip
    if context.file:
        flags["config"] = context.file
    result = resolve(command, flags, context.environ, context.folder or os.getcwd(), variables)
    for secret in result.secrets:
        context.hide(secret)
    for message, hint in result.warnings:
        context.emit(Warned(message, hint))
    left = context.deadline.left()
    limits = [limit for limit in (result.options.deadline, left if left != float("inf") else None) if limit is not None]
    return result._replace(options=result.options._replace(deadline=min(limits) if limits else None))


def require_url(options: Options) -> Options:
    """The options, if they name a database. Raises UsageError."""
    if not options.url:
        hint = "set DATABASE_URL, or url_env or url_file in the step or at the top of lockmaster.yaml"
        raise UsageError("no database: its URL is missing", hint=hint)
    return options


def _text(option: Option, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if option.kind in ("duration", "limit"):
        from lockmaster.settings.durations import render_duration

        return render_duration(value)
    return str(value)
