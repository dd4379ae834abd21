"""lockmaster.yaml: option keys and their values, each with its line. Loaded only where such a file is."""

from __future__ import annotations

import os

from lockmaster.errors import UsageError
from lockmaster.settings.resolving import Found
from lockmaster.settings.suggest import did_you_mean
from lockmaster.settings.table import OPTIONS

_MOST_CHARACTERS = 1 << 20
_QUOTE = "a value that holds : # { [ \" ' or begins with * & ! % @ is put into quotes; nothing is indented by tabs"
_OTHER = "correct the path in --config or LOCKMASTER_CONFIG"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lockmaster.settings.table import Option


def read(path: str, name: str) -> dict[str, Found]:
    """Keys and values of the file, as text: `to: 0001` stays 0001. Raises UsageError with `name` and line.

    A relative path in the file is relative to the file.
    """
    root = compose(path, name)
    if root is None:
        return {}
    if root.id != "mapping":
        raise UsageError(f"{name}:{_line(root)}: expected keys and values", hint="for example: dir: migrations")
    options = {option.key: option for option in OPTIONS if option.key != "config"}
    found: dict[str, Found] = {}
    for key, value in root.value:
        word, place = str(key.value), f"{name}:{_line(key)}"
        if word == "steps":  # those are read by who runs them: `prepare.spec`
            continue
        if word not in options:
            raise _unknown(word, place, options)
        if word in found:
            raise UsageError(f"{place}: {word} is already set in {found[word].origin}", hint="keep one of the two")
        if value.id != "scalar":
            raise UsageError(f"{place}: {word} takes one value", hint=f"for example: {word}: {_example(options[word])}")
        text = value.value
        if text in ("", "~", "null") and value.style is None:  # nothing was written: unset
            continue
        if options[word].kind == "path":
            text = os.path.join(os.path.dirname(name), text)
        found[word] = Found(text, place, 1)
    return found


def compose(path: str, name: str) -> Any:
    """The file as a tree of YAML nodes, which know their lines; None where there is nothing in it. Raises UsageError."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    except ImportError:
        raise UsageError(f"{name}: ruamel.yaml is not installed", hint="pip install ruamel.yaml") from None
    text = _text(path, name)
    try:
        return YAML(typ="rt", pure=True).compose(text)
    except RecursionError:
        raise UsageError(f"{name}: nested too deeply", hint="a settings file is keys with one value each") from None
    except YAMLError as error:
        raise UsageError(f"{name}:{_line_of(error, text)}: {_problem(error)}", hint=_QUOTE) from error


def _text(path: str, name: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_MOST_CHARACTERS + 1)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", hint=_OTHER) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: not UTF-8", hint="save the file as UTF-8 text") from error
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(f"{name}: too large for a settings file", hint=_OTHER)
    return text


def _line_of(error: Exception, text: str) -> int:
    """The line of what the parser stumbled over; of a character that no YAML may hold it knows the place alone."""
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else text.count("\n", 0, getattr(error, "position", 0)) + 1


def _problem(error: Exception) -> str:
    """What is wrong, as far as ruamel says it in one line."""
    if getattr(error, "character", None) is not None:
        return "a character that YAML does not allow"
    context, problem = getattr(error, "context", None), str(getattr(error, "problem", None) or "not YAML")
    if not context:
        return problem
    if problem.startswith("but "):
        return f"{context}, {problem}"
    mark = getattr(error, "context_mark", None)
    return f"{problem} {context}" + (f" that begins in line {mark.line + 1}" if mark else "")


def _example(option: Option) -> str:
    return option.default or {"path": "path/to/it"}.get(option.kind, option.metavar.lower())


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _unknown(word: str, place: str, known: dict[str, Any]) -> UsageError:
    hint = did_you_mean(word, [*known, "steps"]) or "lockmaster settings lists all keys"
    return UsageError(f"{place}: {word} is not a setting", hint=hint)
