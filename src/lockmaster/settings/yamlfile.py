"""lockmaster.yaml: option keys and their values, each with its line. Loaded only where such a file is."""

from __future__ import annotations

import os

from lockmaster.errors import UsageError
from lockmaster.settings.resolving import Found
from lockmaster.settings.suggest import did_you_mean
from lockmaster.settings.table import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read(path: str, name: str) -> dict[str, Found]:
    """Keys and values of the file, as text: `to: 0001` stays 0001. Raises UsageError with `name` and line.

    A relative path in the file is relative to the file.
    """
    root = _parse(path, name)
    if root is None:
        return {}
    if root.id != "mapping":
        raise UsageError(f"{name}:{_line(root)}: expected keys and values", hint="for example: dir: migrations")
    options = {option.key: option for option in OPTIONS if option.key != "config"}
    found: dict[str, Found] = {}
    for key, value in root.value:
        word, place = str(key.value), f"{name}:{_line(key)}"
        if word not in options:
            raise _unknown(word, place, options)
        if word in found:
            raise UsageError(f"{place}: {word} is already set in {found[word].origin}")
        if value.id != "scalar":
            raise UsageError(f"{place}: {word} takes one value")
        text = value.value
        if text in ("", "~", "null") and value.style is None:  # nothing was written: unset
            continue
        if options[word].kind == "path":
            text = os.path.join(os.path.dirname(name), text)
        found[word] = Found(text, place, 1)
    return found


def _parse(path: str, name: str) -> Any:
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    except ImportError:
        raise UsageError(f"{name}: ruamel.yaml is not installed", hint="pip install ruamel.yaml") from None
    try:
        with open(path, encoding="utf-8") as file:
            return YAML(typ="rt", pure=True).compose(file)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: not UTF-8") from error
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark else name
        raise UsageError(f"{place}: {getattr(error, 'problem', None) or 'not YAML'}") from error


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _unknown(word: str, place: str, known: dict[str, Any]) -> UsageError:
    if word == "steps":
        return UsageError(f"{place}: steps is reserved for preparation steps, which this version does not have")
    hint = did_you_mean(word, known) or "lockmaster settings lists all keys"
    return UsageError(f"{place}: {word} is not a setting", hint=hint)
