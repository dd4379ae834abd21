"""`steps:` of lockmaster.yaml as tasks. Everything is checked before the first step runs, like every migration is parsed.

Each item is one kind of step with what it is to do (`wait: tcp://redis:6379`), beside what is common to all kinds:
`name`, `timeout`, `retry`, `if`. An item `parallel:` is a list of steps that run side by side.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from lockmaster.errors import UsageError
from lockmaster.prepare import conditions, types
from lockmaster.prepare.document import Document
from lockmaster.prepare.expand import ExpansionError, expand
from lockmaster.prepare.kinds import KINDS, spec_of
from lockmaster.prepare.secret_names import is_secret
from lockmaster.settings.suggest import did_you_mean
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COMMON = ("name", "timeout", "retry", "if")
PARALLEL = "parallel"
_AT = re.compile(r"(.*) - at `(\$[^`]*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")


class Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"condition": "if"}):
    """What every step may say besides its kind."""

    name: str = ""
    timeout: types.Duration | None = None
    retry: int = 0
    condition: str | list[str] = ""


class Task(NamedTuple):
    """One step, ready to run. `skip` says why it is not to run, "" if it is."""

    name: str
    kind: str
    spec: Any  # of the kind's own class; None when it is skipped
    timeout: float | None
    retry: int  # how many times it is tried again
    skip: str
    place: str  # lockmaster.yaml:12


class Group(NamedTuple):
    """Steps that run side by side."""

    tasks: tuple[Task, ...]


Steps = tuple[Task | Group, ...]


def read(path: str, name: str, environ: Mapping[str, str], hide: Callable[[str], None]) -> Steps:
    """The steps of a file, with `${NAME}` from `environ` put in. Raises UsageError that names file, line and field.

    `hide` is told the values that come from variables with a secret's name.
    """
    document = Document(path, name)
    steps = document.root.get("steps") if isinstance(document.root, dict) else None
    if not isinstance(steps, list) or not steps:
        raise UsageError(f"{document.place('$.steps')}: there are no steps", hint="lockmaster init writes a first file")
    return _Reader(document, environ, hide).steps(steps)


class _Reader:
    def __init__(self, document: Document, environ: Mapping[str, str], hide: Callable[[str], None]) -> None:
        self._document, self._environ, self._hide = document, environ, hide
        self._names: dict[str, str] = {}

    def steps(self, items: list[Any]) -> Steps:
        return tuple(self._item(item, f"$.steps[{i}]") for i, item in enumerate(items))

    def _item(self, item: Any, path: str) -> Task | Group:
        if isinstance(item, dict) and PARALLEL in item:
            inner = item[PARALLEL]
            if len(item) > 1 or not isinstance(inner, list) or not inner:
                raise self._wrong(path, "parallel is a list of steps, and stands alone", "- parallel: [{wait: ...}]")
            return Group(tuple(self._task(one, f"{path}.parallel[{i}]") for i, one in enumerate(inner)))
        return self._task(item, path)

    def _task(self, item: Any, path: str) -> Task:
        if not isinstance(item, dict):
            raise self._wrong(path, "a step is a kind with what it is to do", "for example: - wait: tcp://db:5432")
        kind = self._kind(item, path)
        common = self._convert({key: item[key] for key in COMMON if key in item}, Common, path)
        if common.retry < 0:
            raise self._wrong(
                f"{path}.retry", "retry is less than 0", "how many times it is tried again, after a failure"
            )
        name = self._name(common.name, kind, path)
        skip = self._skip(common.condition, f"{path}.if")
        spec = None if skip else self._spec(kind, item[kind], f"{path}.{kind}")
        return Task(name, kind, spec, common.timeout, common.retry, skip, self._document.place(path))

    def _kind(self, item: dict[str, Any], path: str) -> str:
        kinds = [key for key in item if key in KINDS]
        for key in item:
            if key not in KINDS and key not in COMMON:
                hint = did_you_mean(key, [*KINDS, *COMMON, PARALLEL]) or f"a step is one of {', '.join(KINDS)}"
                raise self._wrong(f"{path}.{key}", f"{key} is neither a kind of step nor a field of one", hint)
        if len(kinds) != 1:
            what = f"is {' and '.join(kinds)} at once" if kinds else "says not what it is to do"
            raise self._wrong(path, f"the step {what}", f"each step is exactly one of {', '.join(KINDS)}")
        return kinds[0]

    def _name(self, wanted: str, kind: str, path: str) -> str:
        """The name of a step: as given, else its kind, with a number from the second one on."""
        if wanted and wanted in self._names:
            raise self._wrong(f"{path}.name", f"{wanted} is already a step in {self._names[wanted]}", "rename one")
        name, number = wanted or kind, 1
        while name in self._names:
            number += 1
            name = f"{kind}-{number}"
        self._names[name] = self._document.place(path)
        return name

    def _skip(self, wanted: str | list[str], path: str) -> str:
        for condition in [wanted] if isinstance(wanted, str) else wanted:
            if not condition:
                continue
            if not conditions.understood(condition):
                raise self._wrong(path, f"{condition!r} is not a condition", "NAME, !NAME, NAME == text, NAME != text")
            if not conditions.holds(condition, self._environ):
                return f"not {condition}"
        return ""

    def _spec(self, kind: str, value: Any, path: str) -> Any:
        spec = spec_of(kind)
        if not isinstance(value, dict):
            value = {spec.shorthand: value} if getattr(spec, "shorthand", "") else value
        verbatim: frozenset[str] = getattr(spec, "verbatim", frozenset())
        return self._convert(self._expanded(value, path, verbatim), spec, path)

    def _expanded(self, value: Any, path: str, verbatim: frozenset[str] = frozenset()) -> Any:
        if isinstance(value, str) and "${" in value:
            try:
                return expand(value, self._variable)
            except ExpansionError as error:
                hint = (
                    f"set {error.name}, or give a default: ${{{error.name}:-...}}"
                    if error.name
                    else "$${ is a plain ${"
                )
                raise self._wrong(path, str(error), hint) from error
        if isinstance(value, list):
            return [self._expanded(item, f"{path}[{i}]") for i, item in enumerate(value)]
        if isinstance(value, dict):
            return {
                key: item if key in verbatim else self._expanded(item, f"{path}.{key}") for key, item in value.items()
            }
        return value

    def _variable(self, name: str) -> str | None:
        value = self._environ.get(name)
        if value and is_secret(name):
            self._hide(value)
        return value

    def _convert(self, value: Any, kind: Any, path: str) -> Any:
        try:
            return msgspec.convert(value, kind, dec_hook=types.decode, strict=True)
        except msgspec.ValidationError as error:
            raise self._explained(error, kind, path) from error

    def _explained(self, error: msgspec.ValidationError, kind: Any, path: str) -> UsageError:
        """msgspec's error in the file's own words: where it is, and what was probably meant."""
        found = _AT.fullmatch(str(error))
        message, inner = (found[1], found[2][1:]) if found else (str(error), "")
        where = path + inner
        if unknown := _UNKNOWN.match(message):
            known = fields(kind) if not inner else []
            hint = did_you_mean(unknown[1], known) or (f"it takes {', '.join(known)}" if known else "remove it")
            return self._wrong(f"{where}.{unknown[1]}", f"{unknown[1]} is not a field of {_shown(where)}", hint)
        return self._wrong(where, f"{_shown(where)}: {message[:1].lower()}{message[1:]}", "")

    def _wrong(self, path: str, message: str, hint: str) -> UsageError:
        return UsageError(f"{self._document.place(path)}: {message}", hint=hint)


def fields(kind: Any) -> list[str]:
    """The fields of a struct, as they are written."""
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _shown(path: str) -> str:
    """`$.steps[0].fetch.size` as people say it: steps[0].fetch.size."""
    return path.removeprefix("$.")
