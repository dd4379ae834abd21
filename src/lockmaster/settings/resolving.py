"""From flags, environment and lockmaster.yaml to `Options`, with the origin of each value.

Flag wins over environment, environment over file, file over default. An empty variable counts as unset.
"""

from __future__ import annotations

import os

from lockmaster.errors import UsageError
from lockmaster.settings.durations import duration
from lockmaster.settings.options import Options
from lockmaster.settings.prisma import variables
from lockmaster.settings.secret import Secret, passwords
from lockmaster.settings.table import OPTIONS
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockmaster.settings.prisma import Project
    from lockmaster.settings.table import Option

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_KUBERNETES = ("LOCKMASTER_SERVICE_", "LOCKMASTER_PORT_")  # a Service named lockmaster puts these into every pod
_TESTS = ("LOCKMASTER_FAULT", "LOCKMASTER_TEST_")

FILE = "lockmaster.yaml"


class Found(NamedTuple):
    """A value as it was written, and where."""

    text: str
    origin: str  # "flag --dir", "env LOCKMASTER_DIR", "lockmaster.yaml:3"
    rank: int  # 3 flag, 2 environment, 1 file


class Resolved(NamedTuple):
    """The effective options of one command. Do not print it: `found` holds secrets as they were written."""

    options: Options
    origins: dict[str, str]
    found: dict[str, Found]
    warnings: tuple[tuple[str, str], ...] = ()  # message, hint
    secrets: tuple[str, ...] = ()  # to hide wherever they turn up


def resolve(
    command: str, flags: Mapping[str, str], environ: Mapping[str, str], cwd: str, project: Project = variables
) -> Resolved:
    """What `command` is to do. `flags` maps option keys to text ("true" and "false" for switches).

    Raises UsageError that names the origin of a wrong value. Reads files only where one is named or is in `cwd`.
    `project` tells which variables the project around us reads its URLs from.
    """
    table = [option for option in OPTIONS if option.taken_by(command)]
    found = _gather(table, flags, environ, cwd)
    values: dict[str, object] = {}
    origins = {option.key: "default" for option in table}
    for key, item in found.items():
        origins[key] = item.origin
    for option in table:
        if option.field and option.kind != "secret":
            if option.key in found:
                values[option.key] = _value(option, found[option.key])
            elif option.defaults:
                values[option.key] = _convert(option, option.default_for(command))
    _surroundings(values, origins, environ)
    secrets: tuple[str, ...] = ()
    if "url" in origins:
        from lockmaster.settings import addresses

        named = project(str(values.get("dir", "")), cwd) if values.get("format") != "native" else {}
        for key, address in addresses.Finder(found, named, environ, cwd).find().items():
            values[key], origins[key] = Secret(address.text), address.origin
            secrets += passwords(address.text)
    return Resolved(Options(**values), origins, found, tuple(_strangers(environ)), secrets)  # type: ignore[arg-type]


def _gather(table: list[Option], flags: Mapping[str, str], environ: Mapping[str, str], cwd: str) -> dict[str, Found]:
    written = _written(flags, environ, cwd)
    found: dict[str, Found] = {}
    for option in table:
        key = option.key
        if key in flags:
            if not flags[key]:  # "$VERSION" was not set: what would be taken instead may do more than was meant
                hint = f"leave {option.flag} out for its default"
                raise UsageError(f"flag {option.flag}: its value is empty", hint=hint)
            found[key] = Found(flags[key], f"flag {option.flag}", 3)
        elif (text := environ.get(option.env)) and not (key == "port" and "://" in text):  # tcp://10.0.0.1:80
            found[key] = Found(text, f"env {option.env}", 2)
        elif key in written:
            found[key] = written[key]
    return found


def _written(flags: Mapping[str, str], environ: Mapping[str, str], cwd: str) -> dict[str, Found]:
    """What lockmaster.yaml says: nothing when there is none, and none was named."""
    named = flags.get("config") or environ.get("LOCKMASTER_CONFIG") or ""
    path = os.path.join(cwd, named or FILE)
    if not named and not os.path.exists(path):
        return {}
    from lockmaster.settings import yamlfile

    return yamlfile.read(path, named or FILE)


def _value(option: Option, item: Found) -> object:
    try:
        return _convert(option, item.text)
    except UsageError as error:
        raise UsageError(f"{item.origin}: {error.message}", hint=error.hint) from None


def _convert(option: Option, text: str) -> object:
    if option.kind == "duration":
        return duration(text)
    if option.kind == "limit":
        return duration(text) or None
    if option.kind == "bool":
        return boolean(text)
    if option.kind == "choice" and text not in option.choices:
        from lockmaster.settings.suggest import did_you_mean

        known = ", ".join(option.choices)
        fallback = f"choose one of them, or leave it out: the default is {option.default}"
        raise UsageError(f"{text!r} is not one of {known}", hint=did_you_mean(text, option.choices) or fallback)
    return text


def boolean(text: str) -> bool:
    """True or false, in any of the usual words."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise UsageError(f"{text!r} is neither true nor false", hint="write true or false")


def _surroundings(values: dict[str, object], origins: dict[str, str], environ: Mapping[str, str]) -> None:
    """Defaults that come from where we run: the pod's name, its termination log, NO_COLOR."""
    if "pod" in origins and "pod" not in values:
        name = next((name for name in ("POD_NAME", "HOSTNAME") if environ.get(name)), "")
        values["pod"] = environ[name] if name else os.uname().nodename
        origins["pod"] = f"env {name}" if name else "host's name"
    if "pod_uid" in origins and "pod_uid" not in values and environ.get("POD_UID"):
        values["pod_uid"], origins["pod_uid"] = environ["POD_UID"], "env POD_UID"
    if "color" not in values and environ.get("NO_COLOR"):
        values["color"], origins["color"] = "never", "env NO_COLOR"
    if "termination_log" not in values and (log := termination_log(environ)):
        values["termination_log"], origins["termination_log"] = log, "default in a pod"
    elif values.get("termination_log") == "none":
        values["termination_log"] = ""


def termination_log(environ: Mapping[str, str]) -> str:
    """Where Kubernetes looks for a container's last words, when we are in one; else ""."""
    path = "/dev/termination-log"
    return path if environ.get("KUBERNETES_SERVICE_HOST") and os.access(path, os.W_OK) else ""


def _strangers(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Variables that look like ours and are not: most likely a typing error, so a warning each."""
    ours = [name for name in environ if name.startswith("LOCKMASTER_")]
    if not ours:
        return []
    known = {option.env for option in OPTIONS}
    strange = [name for name in ours if name not in known and not name.startswith((*_KUBERNETES, *_TESTS))]
    if not strange:
        return []
    from lockmaster.settings.suggest import did_you_mean

    return [(f"{name} is not a setting of Lockmaster", did_you_mean(name, sorted(known))) for name in strange]
