"""Whether a new file is what its reader will take, asked before it replaces the old one."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

from lockmaster.errors import StepFailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.prepare.context import Context

HOLE = "{}"
_ENDINGS = {"json": (".json",), "yaml": (".yaml", ".yml"), "toml": (".toml",), "xml": (".xml",)}
_MOST_SAID = 2000  # characters of what a command has said, from its end
_PATIENCE = 2.0  # seconds between SIGTERM and SIGKILL


def understood(how: list[str]) -> list[str | list[str]]:
    """Formats as their names, commands as their words. Raises UsageError."""
    import shlex

    checks: list[str | list[str]] = []
    for one in how:
        if one in _ENDINGS:
            checks.append(one)
            continue
        try:
            words = shlex.split(one)
        except ValueError as error:
            raise UsageError(f"validate: {one!r}: {error}", hint="quote it as in a shell") from None
        if not any(HOLE in word for word in words):
            hint = f"{one} {{}}: it is given the new file, before that replaces the old one; or json, yaml, toml, xml"
            raise UsageError(f"validate: {one!r} says not where the new file goes", hint=hint)
        checks.append(words)
    return checks


def meant(check: str, name: str) -> bool:
    """Whether a file of a folder, by its name, is one that a format is asked of."""
    return name.endswith(_ENDINGS[check])


def by_format(check: str, data: bytes, shown: str) -> None:
    """Raises StepFailedError with the line of the new file."""
    try:
        message, line = _CHECKS[check](data)
    except UnicodeDecodeError:
        message, line = "not UTF-8", 0
    if message:
        place = f" (line {line} of the new file)" if line else ""
        hint = "nothing was replaced; correct the template, or a filter is missing: {{ value | " + check + " }}"
        raise StepFailedError(f"{shown}: not {check.upper()}: {message}{place}", hint=hint)


def by_command(words: list[str], path: str, shown: str, context: Context) -> None:
    """Run it, without a shell. Raises StepFailedError with what it said."""
    import subprocess
    import tempfile

    argv = [word.replace(HOLE, path) for word in words]
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(
                argv, cwd=context.folder or None, env=dict(context.environ), stdin=subprocess.DEVNULL, stdout=said,
                stderr=said, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            hint = "is it in PATH of this container?"
            raise UsageError(f"validate: cannot start {argv[0]}: {error.strerror}", hint=hint) from error
        try:
            status = _ended(child, context)
        finally:
            _end(child)
        if status != 0:
            said.seek(0)
            text = said.read().decode(errors="replace")[-_MOST_SAID:].strip().replace(path, shown)
            how = (
                f"exit {status}"
                if status is not None and status > 0
                else "not finished in time"
                if status is None
                else f"signal {-status}"
            )
            details = {"said": text} if text else {}
            raise StepFailedError(
                f"{shown}: refused by {words[0]}: {how}", hint="nothing was replaced", details=details
            )


def _ended(child: Any, context: Context) -> int | None:
    """Its exit status; None when time is over. Raises StoppedError."""
    pause = 0.005
    while (status := child.poll()) is None:
        if context.deadline.over():
            return None
        context.clock.sleep(min(pause, context.deadline.left()))
        pause = min(0.1, pause * 1.5)
    return int(status)


def _end(child: Any) -> None:
    """End it with all that it has started."""
    patience = time.monotonic() + _PATIENCE
    number = signal.SIGTERM
    while child.poll() is None:
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            pass
        time.sleep(0.02)
        if time.monotonic() > patience:
            number = signal.SIGKILL


def _json(data: bytes) -> tuple[str, int]:
    import json

    try:
        json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        return error.msg, error.lineno
    return "", 0


def _yaml(data: bytes) -> tuple[str, int]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        for _ in YAML(typ="safe", pure=True).load_all(data.decode("utf-8-sig")):
            pass
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return " ".join(filter(None, (error.context, error.problem))), line
    except (YAMLError, ValueError, RecursionError) as error:
        return str(error).splitlines()[0], 0
    return "", 0


def _toml(data: bytes) -> tuple[str, int]:
    import tomllib

    try:
        tomllib.loads(data.decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        return str(error), 0
    return "", 0


def _xml(data: bytes) -> tuple[str, int]:
    from xml.parsers import expat  # what no document of ours would do, entities without end, it refuses itself

    parser = expat.ParserCreate()
    try:
        parser.Parse(data, True)  # noqa: FBT003
    except expat.ExpatError as error:
        return expat.ErrorString(error.code), error.lineno
    return "", 0


_CHECKS: dict[str, Callable[[bytes], tuple[str, int]]] = {"json": _json, "yaml": _yaml, "toml": _toml, "xml": _xml}
