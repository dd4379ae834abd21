"""lockmaster fetch: bring one file or folder, as the step does."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call

_LISTS = {"header": ("headers", ":"), "store": ("store", "=")}
_NUMBERS = ("strip", "retries", "max_files")


def run(call: Call) -> int:
    from lockmaster.cli.step_world import world
    from lockmaster.prepare.alone import alone

    alone("fetch", _spec(call), world(call))
    return 0


def _spec(call: Call) -> object:
    """The step that this command line is. Raises UsageError."""
    import msgspec

    from lockmaster.cli.table import COMMANDS
    from lockmaster.errors import UsageError
    from lockmaster.prepare import types
    from lockmaster.prepare.steps.fetch.spec import Spec

    own = {option.key for option in COMMANDS["fetch"].own}
    fields: dict[str, object] = {"from": call.words[0], "to": call.words[1]}
    for key in own & call.flags.keys():
        text = call.flags[key]
        if key in _LISTS:
            name, sign = _LISTS[key]
            fields[name] = dict(_pair(key, item, sign) for item in call.listed(key))
        elif key in _NUMBERS:
            fields[key] = int(text) if text.isdigit() else text
        else:
            fields[key] = text == "true" if key in ("unpack", "replace") else text
    try:
        return msgspec.convert(fields, Spec, dec_hook=types.decode)
    except msgspec.ValidationError as error:
        message, _, field = str(error).rstrip("`").partition(" - at `$.")
        where = f"--{field.replace('_', '-')}: " if field else ""
        raise UsageError(where + message[:1].lower() + message[1:], hint="lockmaster fetch --help") from error


def _pair(key: str, text: str, sign: str) -> tuple[str, str]:
    from lockmaster.errors import UsageError

    name, found, value = text.partition(sign)
    if not found or not name.strip():
        raise UsageError(f"--{key}: {name!r} is not NAME{sign}VALUE", hint="lockmaster fetch --help")
    return name.strip(), value.strip()
