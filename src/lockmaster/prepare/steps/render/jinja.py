"""Jinja, in its sandbox, with errors that name file and line. Loaded only where a template is one of Jinja's.

The sandbox keeps a template to its values: no attribute of Python's own, no file but those beside it. It is no limit of
time or memory, except where one small expression would take all of it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Literal

from lockmaster.bundled import how_to_have
from lockmaster.errors import LockmasterError, StepFailedError, UsageError
from lockmaster.prepare.steps.render import templates
from lockmaster.prepare.steps.render.place import wrong
from lockmaster.settings.suggest import did_you_mean

try:
    import jinja2
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import SandboxedEnvironment
    from jinja2.utils import missing
except ImportError:
    raise UsageError("jinja2 is not installed", hint=how_to_have("render")) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.render.templates import Text

_ENDS: tuple[Literal["\n"], Literal["\r\n"]] = ("\n", "\r\n")
_MOST = 64 << 20  # characters of a result
_MOST_REPEATED = 1 << 20
_MOST_NAMED = 12
_KIND = re.compile(r"No (filter|test) named '([^']*)'")


class NotSetError(jinja2.UndefinedError):
    """A variable, or a key of one, that is not there. `known` are those that are, None for the variables themselves."""

    def __init__(self, message: str, name: str, known: list[str] | None) -> None:
        super().__init__(message)
        self.name, self.known = name, known


class _NotSet(jinja2.StrictUndefined):
    """Raises as soon as it is used, and remembers what it was to be."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[Exception] = jinja2.UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)  # type: ignore[arg-type]
        if exc is jinja2.UndefinedError and hint is None:
            known = None if obj is missing else [str(key) for key in obj] if isinstance(obj, dict) else []
            self._undefined_exception = lambda _: NotSetError(f"{name} is not set", str(name), known)  # type: ignore[assignment]


class _Sandbox(SandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse a result that is larger than any configuration: 'x' * 10**10, 9**9**9."""
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "**" and numbers and abs(right) > 64 and abs(left) > 1:
            raise SecurityError(f"a power of {right} is too large")
        if operator == "*" and not numbers:
            size, times = (left, right) if isinstance(right, int) else (right, left)
            if isinstance(times, int) and hasattr(size, "__len__") and len(size) * times > _MOST_REPEATED:
                raise SecurityError(f"repeated {times} times, it is too large")
        return super().call_binop(context, operator, left, right)


class _Beside(jinja2.BaseLoader):
    """Templates of one folder; a link may lead to another of its files (a ConfigMap is made so), and not out of it."""

    def __init__(self, root: str, texts: dict[str, str]) -> None:
        self._root, self._texts = root, texts

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        path = os.path.join(self._root, *jinja2.loaders.split_template_path(template))
        if not os.path.isfile(path) or not templates.within(self._root, path):
            raise jinja2.TemplateNotFound(template)
        text = templates.decoded(templates.read(path, template), template).text
        self._texts[path] = text
        return text, path, lambda: True


def _environment(loader: _Beside, end: Literal["\n", "\r\n"]) -> _Sandbox:
    from lockmaster.prepare.steps.render.filters import FILTERS

    made = _Sandbox(
        loader=loader, undefined=_NotSet, keep_trailing_newline=True, finalize=_no_bytes, newline_sequence=end,
        autoescape=False,
    )  # fmt: skip
    made.filters.update(FILTERS)
    return made


class Engine:
    """Renders the templates of one folder. `context` is asked, between the parts of a result, whether to go on."""

    def __init__(self, root: str, context: Context) -> None:
        self._texts: dict[str, str] = {}  # of files that took part, by their path
        self._shown: dict[str, str] = {}
        self._root, self._context = root, context
        loader = _Beside(root, self._texts)
        self._environments = {end: _environment(loader, end) for end in _ENDS}
        self._environment = self._environments[_ENDS[0]]

    def render(self, template: Text, path: str, shown: str, values: Mapping[str, Any]) -> str:
        """Raises StepFailedError with file and line."""
        self._texts[path], self._shown[path] = template.text, shown
        self._environment = self._environments[_ENDS[template.crlf]]
        try:
            code = self._environment.compile(template.text, os.path.basename(path), path)
            made = jinja2.Template.from_code(self._environment, code, self._environment.globals.copy())
            return self._joined(made.generate(values), shown)
        except jinja2.TemplateSyntaxError as error:
            raise self._syntax(error, path) from error
        except LockmasterError:
            raise
        except Exception as error:
            raise self._explained(error, path, values) from error

    def _joined(self, parts: Any, shown: str) -> str:
        result: list[str] = []
        size = 0
        for part in parts:
            result.append(part)
            size += len(part)
            self._context.stop.check()
            if size > _MOST:
                raise StepFailedError(f"{shown}: the result is larger than {_MOST >> 20}Mi")
            if self._context.deadline.over():
                raise StepFailedError(f"{shown}: not rendered in time")
        return "".join(result)

    def _syntax(self, error: jinja2.TemplateSyntaxError, path: str) -> StepFailedError:
        message, hint = str(error.message).rstrip("."), ""
        if unknown := _KIND.match(message):
            known = self._environment.filters if unknown[1] == "filter" else self._environment.tests
            hint = did_you_mean(unknown[2], known)
        return self._at(error.filename or path, error.lineno, message, hint)

    def _explained(self, error: Exception, path: str, values: Mapping[str, Any]) -> StepFailedError:
        """An error of a template that ran: the line is that of the innermost template in the traceback."""
        where, line, trace = path, 1, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in self._texts:
                where, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
        message, hint = _words(error, values)
        return self._at(where, line, message, hint)

    def _at(self, path: str, line: int, message: str, hint: str) -> StepFailedError:
        shown = self._shown.get(path) or os.path.relpath(path, self._root)
        return wrong(shown, self._texts.get(path, ""), line, message, hint)


def _words(error: Exception, values: Mapping[str, Any]) -> tuple[str, str]:
    """What went wrong, and the next act."""
    if isinstance(error, NotSetError):
        known = [name for name in values if name != "env"] if error.known is None else error.known
        listed = f"it has {', '.join(known[:_MOST_NAMED])}" if known and error.known is not None else ""
        default = f"set it, or give a default: {{{{ {error.name} | default('...') }}}}"
        return str(error), did_you_mean(error.name, known) or listed or default
    if isinstance(error, jinja2.TemplateNotFound):
        return f"{error.name} is not in the template's folder", "only files in it, or below it, can be included"
    if isinstance(error, SecurityError):
        return f"not allowed in a template: {error}", ""
    if isinstance(error, RecursionError):
        return "nested too deeply", "does a template include itself?"
    if isinstance(error, MemoryError):
        return "it needs more memory than there is", ""
    return (str(error) if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"), ""


def _no_bytes(value: Any) -> Any:
    if isinstance(value, bytes):
        raise jinja2.TemplateRuntimeError("the value is binary: b64encode makes it text")
    return value
