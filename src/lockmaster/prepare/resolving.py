"""The settings of a step that works with the migrations' database: its own fields, in front of those of `up`."""

from __future__ import annotations

import os

from lockmaster.errors import UsageError
from lockmaster.settings.table import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lockmaster.prepare.context import Context
    from lockmaster.settings.options import Options
    from lockmaster.settings.resolving import Resolved
    from lockmaster.settings.table import Option


def resolved(command: str, spec: Any, context: Context) -> Resolved:
    """The settings of the command, with the step's fields in place of flags. Tells the context what is secret."""
    from lockmaster.events import Warned
    from lockmaster.project import variables
    from lockmaster.settings.resolving import resolve

    if context.resolved is not None:
        return context.resolved
    known = {option.key: option for option in OPTIONS}
    flags = {
        key: _text(known[key], value) for key, value in _fields(spec) if key in known and value is not None
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


def _fields(spec: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(spec, name)) for name in spec.__struct_fields__]


def _text(option: Option, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if option.kind in ("duration", "limit"):
        from lockmaster.settings.durations import render_duration

        return render_duration(value)
    return str(value)
