"""The command line, read by a loop over the option table: argparse costs more than all the rest of a start.

The loop knows the plain ways to write an option and nothing else. Whatever it does not know (help, a mistake, a
value that begins with "-", clusters like -qv) it leaves to `full.parse`, which is argparse made from the same table.
Where both have an answer it is the same one; a property test says so.
"""

from __future__ import annotations

from lockmaster.cli.table import named, options_of
from lockmaster.settings.table import JOINT
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.cli.table import Command
    from lockmaster.settings.table import Option


class Parsed(NamedTuple):
    """A command line: option keys with their text ("true" and "false" for switches), words, what stands behind `--`.

    The values of an option that was given several times are joined by `settings.table.JOINT`.
    """

    command: str
    flags: dict[str, str]
    words: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()


def parse(argv: Sequence[str]) -> Parsed:
    """The command line, or UsageError with a hint."""
    parsed = lean(argv)
    if parsed is None:
        from lockmaster.cli import full

        parsed = full.parse(argv)
    return parsed


def lean(argv: Sequence[str]) -> Parsed | None:
    """The command line if it is plainly good, else None."""
    if argv in (["--version"], ["-V"]):
        return Parsed("version", {})
    command, length = named(argv)
    if command is None or command.name == "help":
        return None
    takes, switches = _flags(command)
    flags: dict[str, str] = {}
    words: list[str] = []
    rest: tuple[str, ...] = ()
    items = iter(argv[length:])
    for item in items:
        if item == "--" and command.rest:
            rest = tuple(items)
            break
        flag, equals, value = item.partition("=")
        if not item.startswith("-"):
            words.append(item)
        elif item in switches:
            key, text = switches[item]
            flags[key] = text
        elif flag in takes and not equals:
            value = next(items, "-")
            if value.startswith("-"):
                return None
            _put(flags, takes[flag], value)
        elif flag in takes and value != "--":
            _put(flags, takes[flag], value)
        else:
            return None
    return Parsed(command.name, flags, tuple(words), rest) if command.fits(len(words)) else None


def _put(flags: dict[str, str], option: Option, value: str) -> None:
    """The last value counts; of a list, all do."""
    if option.kind == "list" and option.key in flags:
        value = f"{flags[option.key]}{JOINT}{value}"
    flags[option.key] = value


def _flags(command: Command) -> tuple[dict[str, Option], dict[str, tuple[str, str]]]:
    """The flags that take a value, with their options; and the switches, with their keys and what they say."""
    takes: dict[str, Option] = {}
    switches: dict[str, tuple[str, str]] = {}
    for option in options_of(command):
        if option.kind != "bool":
            takes[option.flag] = option
            continue
        switches[option.flag] = (option.key, "true")
        switches["--no-" + option.flag[2:]] = (option.key, "false")
        if option.short:
            switches[option.short] = (option.key, "true")
    return takes, switches
