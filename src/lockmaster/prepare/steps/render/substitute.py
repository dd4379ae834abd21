"""envsubst: `$NAME` and `${NAME}`, with the shell's `:-`, `:+` and `:?`. What is not set is an error."""

from __future__ import annotations

import re

from lockmaster.prepare.expand import ExpansionError, expand
from lockmaster.prepare.steps.render.place import line_of, wrong
from lockmaster.settings.suggest import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lockmaster.errors import StepFailedError
    from lockmaster.prepare.steps.render.templates import Text

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def names(only: str | list[str]) -> frozenset[str] | None:
    """The names of envsubst's SHELL-FORMAT (`$HOST ${PORT}`), or of a list; None where all may be replaced."""
    found = _NAME.findall(only if isinstance(only, str) else " ".join(only))
    return frozenset(found) if found else None


def render(template: Text, shown: str, values: Mapping[str, Any], only: frozenset[str] | None) -> str:
    """Raises StepFailedError with file and line."""
    try:
        return expand(template.text, lambda name: _text(name, values), bare=True, only=only)
    except ExpansionError as error:
        raise _explained(error, template.text, shown, values) from error


def _text(name: str, values: Mapping[str, Any]) -> str | None:
    value = values.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    raise ExpansionError(f"{name} is {_kind(value)}, and not text", -1, name)


def _kind(value: object) -> str:
    return "binary" if isinstance(value, bytes) else "a list" if isinstance(value, list) else "a group of values"


def _explained(error: ExpansionError, text: str, shown: str, values: Mapping[str, Any]) -> StepFailedError:
    offset = error.offset
    if offset < 0 and (found := re.search(rf"\$\{{?{re.escape(error.name)}\b", text)):
        offset = found.start()
    if error.name in values:
        hint = "an engine that knows more than text: jinja"
    elif error.name:
        hint = did_you_mean(error.name, values) or (
            f"set {error.name}; or give a default: ${{{error.name}:-...}}; or, where it is not yours to replace, "
            "name those that are: only: [HOST, PORT]"
        )
    else:
        hint = "$${ is a plain ${; or name what may be replaced: only: [HOST, PORT]"
    return wrong(shown, text, line_of(text, max(offset, 0)), str(error), hint)
