"""What a template may use: the environment, files, mounted Secrets and ConfigMaps, and the step's own values.

The stronger wins: `values`, then `vars` (of two, the later one), then the environment. The environment is the weakest
because Kubernetes puts variables into it that nobody asked for (a Service `redis` makes REDIS_PORT=tcp://10.0.0.7:6379);
a template that wants exactly the environment's says `env.NAME`.
"""

from __future__ import annotations

import re
from typing import Any

from lockmaster.errors import UsageError
from lockmaster.prepare.secret_names import is_secret
from lockmaster.prepare.steps.render import sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.render.spec import Spec

_NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.+)", re.DOTALL)
_URL_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")


class Values:
    """All values by name, and which of their texts are secret."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.secrets: set[str] = set()

    def add(self, names: dict[str, Any], *, secret: bool = False) -> None:
        """Stronger ones than those that are there. `secret`: all of them are, whatever they are called."""
        self.names |= names
        for name, value in names.items():
            self._find(value, secret=secret or is_secret(name))

    def _find(self, value: Any, *, secret: bool) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                self._find(item, secret=secret or is_secret(str(name)))
        elif isinstance(value, list):
            for item in value:
                self._find(item, secret=secret)
        elif isinstance(value, str) and value and (secret or _URL_PASSWORD.search(value)):
            self.secrets.add(value)

    def others(self) -> dict[str, Any]:
        """The same values with other secrets: what comes out differently because of them shows where they are."""
        return {name: self._other(value) for name, value in self.names.items()}

    def _other(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._other(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._other(item) for item in value]
        if isinstance(value, str) and (
            value in self.secrets or any(secret in value for secret in self.secrets if len(secret) > 3)
        ):
            return "".join(_turned(char) for char in value)
        return value


def _turned(char: str) -> str:
    """Another character of the same sort, so that what the value means (a number, Base64, a URL) is still of that kind."""
    for first, count in (("a", 26), ("A", 26), ("0", 10)):
        if ord(first) <= ord(char) < ord(first) + count:
            return chr(ord(first) + (ord(char) - ord(first) + count // 2) % count)
    return char if char.isspace() or char in "/:@?=&.-_+" else "x"


def collect(spec: Spec, context: Context) -> Values:
    """Raises UsageError for a source that cannot be read."""
    values = Values()
    environ = dict(context.environ)
    values.add(environ)
    for source in [spec.vars] if isinstance(spec.vars, str) else spec.vars:
        named = _NAMED.fullmatch(source)
        path = named[2] if named else source
        found = sources.read(context.path(path), path)
        values.add({named[1]: found.names} if named else found.names, secret=found.secret)
    values.add(spec.values)
    values.names.setdefault("env", environ)
    for secret in values.secrets:
        for line in {secret, *secret.splitlines()}:
            context.hide(line)
    return values


def of_command_line(items: tuple[str, ...]) -> dict[str, str]:
    """NAME=TEXT, several times. Raises UsageError."""
    values: dict[str, str] = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {item!r} is no NAME=TEXT", hint="--set HOST=db --set PORT=5432")
        values[name] = text
    return values
