"""The same command line by argparse: for mistakes, help and completion. Never loaded on the way of a good run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from lockmaster.cli.parse import Parsed
from lockmaster.cli.table import COMMANDS, GROUPS, Command, in_group, named, options_of
from lockmaster.errors import UsageError
from lockmaster.settings.suggest import did_you_mean
from lockmaster.settings.table import JOINT

if TYPE_CHECKING:
    from collections.abc import Sequence

HELP = ("-h", "--help")
VERSION = ("-V", "--version")


class Parser(argparse.ArgumentParser):
    """argparse that raises UsageError: no usage text, no exit."""

    def error(self, message: str) -> NoReturn:
        fact, hint = message.removeprefix("argument "), f"{self.prog} --help"
        flag, ignored, _ = fact.partition(": ignored explicit argument ")
        if ignored:
            flag = flag.rpartition("/")[2]
            name = flag.removeprefix("--no-").removeprefix("--")
            fact, hint = f"{flag} takes no value", f"--{name} alone is yes, --no-{name} is no"
        raise UsageError(fact, hint=hint)


class _Help(argparse.Action):
    """Ends parsing at once, so that help is given also beside a mistake."""

    def __call__(self, *_: object) -> NoReturn:
        raise _HelpWanted


class _HelpWanted(Exception):  # noqa: N818 - not an error
    pass


def parse(argv: Sequence[str]) -> Parsed:
    """The command line, or UsageError: one line, and a hint that names what was probably meant."""
    if not argv:
        raise UsageError("a command is missing", hint="lockmaster help")
    first = argv[0]
    if first in HELP or first == "help":
        return _help(argv[1:])
    if first in VERSION:
        return Parsed("version", {})
    if first.startswith("-"):
        raise UsageError("the command comes first, then its options", hint=f"lockmaster migrate {first} ...")
    if first in GROUPS and (len(argv) > 1 and argv[1] in HELP):
        return _help([first])
    command, length = _known(argv)
    return _command(command, argv[length:])


def _known(argv: Sequence[str]) -> tuple[Command, int]:
    command, length = named(argv)
    if command is None:
        raise _no_command(argv)
    return command, length


def _no_command(argv: Sequence[str]) -> UsageError:
    first = argv[0]
    if first not in GROUPS:
        hint = did_you_mean(first, [*COMMANDS, *GROUPS]) or "lockmaster help lists the commands"
        return UsageError(f"there is no command {first!r}", hint=hint)
    names = [command.name for command in in_group(first)]
    everything = f"there are {', '.join(names)}; lockmaster help {first}"
    if len(argv) == 1 or argv[1].startswith("-"):
        return UsageError(f"{first}: which command?", hint=everything)
    wish = f"{first} {argv[1]}"
    return UsageError(f"there is no command {wish!r}", hint=did_you_mean(wish, names) or everything)


def _help(argv: Sequence[str]) -> Parsed:
    names = [item for item in argv if not item.startswith("-")]
    if not names:
        return Parsed("help", {})
    whole_group = names[0] in GROUPS and len(names) == 1
    return Parsed("help", {}, (names[0] if whole_group else _known(names)[0].name,))


def _command(command: Command, argv: Sequence[str]) -> Parsed:
    argv, rest = _divided(argv) if command.rest else (argv, ())
    parser = Parser(prog=f"lockmaster {command.name}", add_help=False, allow_abbrev=False)
    fill(parser, command)
    for item in argv:
        flag, _, value = item.partition("=")
        if flag.startswith("--") and value == "--":  # argparse makes a list of it, or not, by its version
            parser.error(f"{flag}: expected one argument")
    try:
        # words may stand between options, as the lean loop has it; only where there may be several does argparse mind
        several = any(word.rstrip("]").endswith("...") for word in command.words)
        values, strange = (parser.parse_known_intermixed_args if several else parser.parse_known_args)(argv)
    except _HelpWanted:
        return Parsed("help", {}, (command.name,))
    if strange:
        raise _unknown(strange[0], command)
    flags = {
        key: JOINT.join(value) if isinstance(value, list) else str(value)
        for key, value in vars(values).items()
        if key not in command.words
    }
    return Parsed(command.name, flags, _words(command, values), rest)


def _divided(argv: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    """What stands before the first `--`, and what stands behind it."""
    at = list(argv).index("--") if "--" in argv else len(argv)
    return argv[:at], tuple(argv[at + 1 :])


def _words(command: Command, values: argparse.Namespace) -> tuple[str, ...]:
    words: list[str] = []
    for word in command.words:
        value = getattr(values, word)
        words += value if isinstance(value, list) else [value]
    return tuple(words)


def fill(parser: argparse.ArgumentParser, command: Command) -> None:
    """Give a parser the options and words of a command, in groups."""
    for word in command.words:
        if word.endswith("...]"):
            parser.add_argument(word, metavar=word[1:-4], nargs="*", default=[])
        elif word.endswith("..."):
            parser.add_argument(word, metavar=word[:-3], nargs="+")
        else:
            parser.add_argument(word)
    groups: dict[str, argparse._ArgumentGroup] = {}
    for option in options_of(command):
        group = groups.get(option.group) or parser.add_argument_group(option.group)
        groups[option.group] = group
        names = [option.short, option.flag] if option.short else [option.flag]
        if option.kind == "bool":
            _switch(group, names, option.key, option.help)
        else:
            text = option.help + _extras(option.choices, option.default_for(command.name), option.also)
            action = "append" if option.kind == "list" else "store"
            group.add_argument(
                *names, action=action, dest=option.key, metavar=option.metavar,
                default=argparse.SUPPRESS, help=text.replace("%", "%%"),
            )  # fmt: skip
    parser.add_argument_group("help").add_argument(
        *HELP, nargs=0, action=_Help, default=argparse.SUPPRESS, help="print this"
    )


def _switch(group: argparse._ArgumentGroup, names: list[str], key: str, text: str) -> None:
    group.add_argument(*names, dest=key, action="store_const", const="true", default=argparse.SUPPRESS, help=text)
    group.add_argument(
        "--no-" + names[-1][2:],
        dest=key,
        action="store_const",
        const="false",
        default=argparse.SUPPRESS,
        help=argparse.SUPPRESS,
    )


def _extras(choices: tuple[str, ...], default: str, also: str) -> str:
    notes = [" | ".join(choices)] if choices else []
    notes += [f"default: {default}"] if default else []
    notes += [f"also from: {also}"] if also else []
    return f" ({'; '.join(notes)})" if notes else ""


def _unknown(item: str, command: Command) -> UsageError:
    flag = item.partition("=")[0]
    help_ = f"lockmaster {command.name} --help"
    if not flag.startswith("-"):
        hint = f"lockmaster {command.name} [options] -- {item} ..." if command.rest else help_
        return UsageError(f"{command.name}: there is one word too many: {item!r}", hint=hint)
    known = [*HELP, *(option.flag for option in options_of(command))]
    return UsageError(f"{command.name} has no option {flag}", hint=did_you_mean(flag, known) or help_)
