"""How a run ends that went wrong: the error is shown, left for Kubernetes, and turned into an exit status."""

from __future__ import annotations

import os

from lockmaster.cli.output import Output
from lockmaster.errors import LockmasterError
from lockmaster.settings.options import Options
from lockmaster.settings.resolving import termination_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from lockmaster.cli.parse import Parsed


def report(error: Exception, output: Output | None, parsed: Parsed | None, argv: Sequence[str], stderr: TextIO) -> int:
    """Show the error. Returns its exit status."""
    told = error if isinstance(error, LockmasterError) else _bug(error)
    (output or _early(parsed, argv, stderr)).fail(told)
    return int(told.exit)


def _bug(error: Exception) -> LockmasterError:
    """An error that Lockmaster did not foresee. Its place is told, because the next act is to report it."""
    from traceback import extract_tb

    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
    return LockmasterError(
        f"{type(error).__name__}: {error}",
        hint="this is a bug of Lockmaster: please report it with these lines",
        details={"at": "\n".join(reversed(frames[-8:]))},
    )


def _early(parsed: Parsed | None, argv: Sequence[str], stderr: TextIO) -> Output:
    """Where an error goes that came before the settings were known.

    A command line that makes no sense was typed by a person, who is told in text; wrong settings are told as the log.
    """
    asked = [item for item in argv if item.startswith("--log-format=")]
    wish = asked[-1].partition("=")[2] if asked else (parsed.flags if parsed else {}).get("log_format", "")
    wish = wish or os.environ.get("LOCKMASTER_LOG_FORMAT", "")
    if wish not in ("text", "json"):
        wish = "auto" if parsed else "text"
    color = "never" if os.environ.get("NO_COLOR") else "auto"
    log = (parsed.flags if parsed else {}).get("termination_log") or os.environ.get("LOCKMASTER_TERMINATION_LOG")
    log = "" if log == "none" else log or termination_log(os.environ)
    options = Options()._replace(log_format=wish, color=color)  # type: ignore[arg-type]
    return Output(options._replace(termination_log=log), stderr)
