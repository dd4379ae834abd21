"""Completion scripts, by shtab from the same table as everything else. Loaded when one is asked for."""

from __future__ import annotations

import argparse

from lockmaster.bundled import how_to_have
from lockmaster.cli import full
from lockmaster.cli.commands.completion import SHELLS
from lockmaster.cli.table import COMMANDS, GROUPS, options_of
from lockmaster.errors import UsageError


def script(shell: str) -> str:
    """The script for one shell. Raises UsageError when shtab is not installed."""
    try:
        import shtab
    except ImportError:
        hint = how_to_have("completion")
        raise UsageError("completion needs shtab, which is not installed", hint=hint) from None
    parser = argparse.ArgumentParser(prog="lockmaster")
    subparsers = parser.add_subparsers()
    below = {
        group: subparsers.add_parser(group, help=text, add_help=False).add_subparsers()
        for group, text in GROUPS.items()
    }
    for command in COMMANDS.values():
        group, _, name = command.name.rpartition(" ")
        child = (below[group] if group else subparsers).add_parser(name, help=command.help, add_help=False)
        full.fill(child, command)
        options = {option.key: option for option in options_of(command)}
        for action in child._actions:  # noqa: SLF001 - argparse has no other way to them
            if action.dest == "SHELL":
                action.choices = SHELLS
            elif option := options.get(action.dest):
                action.choices = option.choices or None
                if option.kind == "path":
                    kind = shtab.DIRECTORY if option.key == "dir" else shtab.FILE
                    action.complete = kind  # type: ignore[attr-defined]
        if command.name == "help":
            child.add_argument("COMMAND", nargs="?", choices=[*(name for name in COMMANDS if " " not in name), *GROUPS])
    return str(shtab.complete(parser, shell))
