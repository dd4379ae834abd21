"""The command line, read by a loop over the option table: argparse costs more than all the rest of a start.

The loop knows the plain ways to write an option and nothing else. Whatever it does not know (help, a mistake, a
value that begins with "-", clusters like -qv) it leaves to `full.parse`, which is argparse made from the same table.
Where both have an answer it is the same one; a property test says so.
"""

from __future__ import annotations

from lockmaster.cli.table import COMMANDS, options_of
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.cli.table import Command


class Parsed(NamedTuple):
    """A command line: option keys with their text ("true" and "false" for switches), and words."""

    command: str
    flags: dict[str, str]
    words: tuple[str, ...] = ()


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
    command = COMMANDS.get(argv[0]) if argv else None
    if command is None or command.name == "help":
        return None
    takes, switches = _flags(command)
    flags: dict[str, str] = {}
    words: list[str] = []
    items = iter(argv[1:])
    for item in items:
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
            flags[takes[flag]] = value
        elif flag in takes and value != "--":
            flags[takes[flag]] = value
        else:
            return None
    return Parsed(command.name, flags, tuple(words)) if len(words) == len(command.words) else None


def _flags(command: Command) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """The flags that take a value, with their keys; and the switches, with their keys and what they say."""
    takes: dict[str, str] = {}
    switches: dict[str, tuple[str, str]] = {}
    for option in options_of(command):
        if option.kind != "bool":
            takes[option.flag] = option.key
            continue
        switches[option.flag] = (option.key, "true")
        switches["--no-" + option.flag[2:]] = (option.key, "false")
        if option.short:
            switches[option.short] = (option.key, "true")
    return takes, switches
