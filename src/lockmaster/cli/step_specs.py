"""The options of a step's own command as the step's fields: under the same names, checked by the same types."""

from __future__ import annotations

from typing import Any

import msgspec

from lockmaster.cli.table import COMMANDS
from lockmaster.errors import UsageError
from lockmaster.prepare import types
from lockmaster.prepare.kinds import spec_of
from lockmaster.settings.suggest import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def spec(kind: str, call: Call, **fields: Any) -> Any:
    """The step as the command line has it; `fields` are those that are no option. Raises UsageError."""
    values: dict[str, Any] = {}
    known = {field.encode_name for field in msgspec.structs.fields(spec_of(kind))}
    for option in COMMANDS[kind].own:
        if option.key not in call.flags or option.key not in known:
            continue
        text = call.flags[option.key]
        if option.kind == "choice" and text not in option.choices:
            hint = did_you_mean(text, option.choices) or f"one of {', '.join(option.choices)}"
            raise UsageError(f"{option.flag} {text!r} is not known", hint=hint)
        values[option.key] = {"bool": text == "true", "list": list(call.listed(option.key))}.get(option.kind, text)
    try:
        return msgspec.convert(values | fields, spec_of(kind), dec_hook=types.decode)
    except msgspec.ValidationError as error:
        raise UsageError(f"{kind}: {error}", hint=f"lockmaster {kind} --help") from error
