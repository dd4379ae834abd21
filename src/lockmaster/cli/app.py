"""One run of the command line: parse, resolve the settings, call the command, turn errors into exit statuses."""

from __future__ import annotations

import os
import sys

from lockmaster.cli.output import Output
from lockmaster.cli.parse import parse
from lockmaster.cli.table import COMMANDS
from lockmaster.errors import Exit, LockmasterError, UsageError
from lockmaster.events import Warned
from lockmaster.settings.table import JOINT
from lockmaster.stop import Stop
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from lockmaster.cli.parse import Parsed
    from lockmaster.cli.table import Command
    from lockmaster.events import Emit
    from lockmaster.settings.options import Options
    from lockmaster.settings.resolving import Resolved


class Call(NamedTuple):
    """What a command gets: its settings, its own flags and words, and where to write."""

    options: Options
    flags: dict[str, str]
    words: tuple[str, ...]
    emit: Emit
    stop: Stop
    stdout: TextIO
    resolved: Resolved
    rest: tuple[str, ...] = ()
    hide: Callable[[str], None] = lambda _: None  # masks this text from now on, wherever it turns up
    settle: Callable[[], None] = lambda: None  # gives what is told on the side a moment: before an end that nobody sees

    def print(self, text: str) -> None:
        """Write data to stdout."""
        _write(self.stdout, text + "\n")

    def asked(self, flag: str) -> bool:
        """Whether a switch of this command is on."""
        return self.flags.get(flag) == "true"

    def listed(self, flag: str) -> tuple[str, ...]:
        """The values of an option of this command that may be given several times."""
        return tuple(self.flags[flag].split(JOINT)) if flag in self.flags else ()


def run(argv: Sequence[str]) -> int:
    """Run one command line. The exit status; never raises."""
    stdout, stderr = _stream(sys.stdout), _stream(sys.stderr)
    output: Output | None = None
    parsed: Parsed | None = None
    try:
        parsed = parse(argv)
        command = COMMANDS[parsed.command]
        resolved = _resolve(command, parsed)
        tells = command.signals and "kube_events" in resolved.origins
        output = Output(resolved.options, stderr, resolved.secrets, kube=tells, last=_is_last(resolved))
        for message, hint in resolved.warnings:
            output.emit(Warned(message, hint))
        by_lease = "lease" in parsed.flags or (command.name == "exec" and resolved.options.order == "lease")
        stop = _start(command, resolved.options, needs_url=not by_lease)
        call = Call(
            resolved.options, parsed.flags, parsed.words, output.emit, stop, stdout, resolved,
            parsed.rest, output.hide, output.settle,
        )  # fmt: skip
        status = _written(stdout, int(_command(command.name)(call)))
        output.end()
        return status  # noqa: TRY300 - an `else` would stand a page away
    except BrokenPipeError:  # the reader of our output has gone: nobody is left to talk to
        return int(Exit.UNEXPECTED)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        from lockmaster.cli import failing

        return failing.report(error, output, parsed, argv, stderr)


def _resolve(command: Command, parsed: Parsed) -> Resolved:
    if not command.settings:
        from lockmaster.settings.options import Options
        from lockmaster.settings.resolving import Resolved

        return Resolved(Options(log_format="text"), {}, {})  # typed by a person
    from lockmaster.project import variables
    from lockmaster.settings.resolving import resolve

    own = {option.key for option in command.own}
    flags = {key: text for key, text in parsed.flags.items() if key not in own}
    return resolve(command.name, flags, os.environ, _here(), variables)


def _is_last(resolved: Resolved) -> bool:
    """Whether the container ends with us, as far as that can be known: it began with us, or the user named the file.

    In `lockmaster migrate && node server.js`, or by `kubectl exec`, "ready" would stand there as the reason why the
    application ended, and in the way of its log (FallbackToLogsOnError).
    """
    return os.getpid() == 1 or resolved.origins.get("termination_log") != "default in a pod"


def _here() -> str:
    try:
        return os.getcwd()
    except OSError as error:
        raise UsageError(f"the folder that this runs in is gone: {error.strerror}", hint="cd to one that is") from None


def _start(command: Command, options: Options, *, needs_url: bool) -> Stop:
    """Signals, the driver, and fault points for the crash tests: for commands that wait, or go to the database."""
    stop = Stop()
    if command.signals:
        _watch_signals(stop)
    if command.database:
        if not options.url and needs_url:
            hint = "set DATABASE_URL, or --url, or LOCKMASTER_HOST, LOCKMASTER_USER, LOCKMASTER_DBNAME, ..."
            raise UsageError("no database: its URL is missing", hint=hint)
        from lockmaster.cli.__main__ import load_driver

        load_driver(options.url.reveal())
    if command.signals and (faults := os.environ.get("LOCKMASTER_FAULT")):
        from lockmaster.faults import arm

        arm(faults)
    return stop


def _watch_signals(stop: Stop) -> None:
    """The first SIGTERM or SIGINT asks to stop; the second one is obeyed on the spot."""
    import _signal  # type: ignore[import-not-found] # `signal` builds three enums around it: 0.4 ms

    def handle(number: int, _frame: object) -> None:
        if stop.reason:
            os._exit(Exit.STOPPED)
        stop.request({2: "SIGINT", 15: "SIGTERM"}[number])

    for number in (2, 15):
        _signal.signal(number, handle)


def _write(stdout: TextIO, text: str) -> None:
    try:
        stdout.write(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritten(error) from error


def _written(stdout: TextIO, status: int) -> int:
    """The status, when the answer is out: lost on its way, it must not pass for an empty one.

    A reader that left had enough of it.
    """
    try:
        stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        raise _unwritten(error) from error
    return status


def _unwritten(error: OSError) -> LockmasterError:
    return LockmasterError(f"the output cannot be written: {error.strerror}", hint="where does stdout lead to?")


def _command(name: str) -> Callable[[Call], int]:
    module = __import__(f"lockmaster.cli.commands.{name.replace(' ', '_')}", fromlist=["run"])
    function: Callable[[Call], int] = module.run
    return function


def _stream(stream: TextIO | None) -> TextIO:
    """The stream, able to write any text; a stream into nothing where there is none."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")  # a file name may hold what is no text
    return stream
