"""lockmaster.yaml as plain values, each with the line it stands in: so that every error can say where."""

from __future__ import annotations

import re
from typing import Any

from lockmaster.errors import UsageError
from lockmaster.settings.yamlfile import compose

_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE, _FALSE = re.compile(r"true|True|TRUE"), re.compile(r"false|False|FALSE")
_INT = re.compile(r"-?(0|[1-9][0-9]*)")  # 0644 stays text: what it means is for the field to say
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")


class Document:
    """Plain values of one file. `lines` maps the path of a value (`$.steps[0].wait`, as msgspec writes it) to its line."""

    def __init__(self, path: str, name: str) -> None:
        self.name = name
        self.lines: dict[str, int] = {}
        root = compose(path, name)
        self.root: Any = None if root is None else self._plain(root, "$", 0)

    def place(self, path: str) -> str:
        """`lockmaster.yaml:12`: the line of a value, or of the nearest one around it."""
        while path not in self.lines and path != "$":
            path = path[: max(path.rfind("."), path.rfind("["), 1)]
        return f"{self.name}:{self.lines.get(path, 1)}"

    def _plain(self, node: Any, path: str, depth: int) -> Any:
        self.lines.setdefault(path, int(node.start_mark.line) + 1)
        if depth > 50:
            raise UsageError(f"{self.place(path)}: nested too deeply", hint="an alias that contains itself?")
        if node.id == "sequence":
            return [self._plain(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)]
        if node.id == "mapping":
            return self._mapping(node, path, depth)
        return _scalar(node)

    def _mapping(self, node: Any, path: str, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            word = str(key.value) if key.id == "scalar" else ""
            place = f"{path}.{word}"
            line = int(key.start_mark.line) + 1
            if not word:
                raise UsageError(f"{self.name}:{line}: a key must be a word", hint="write KEY: VALUE")
            if word in values:
                raise UsageError(f"{self.name}:{line}: {word} is there twice", hint="keep one of the two")
            self.lines[place] = line
            values[word] = self._plain(value, place, depth + 1)
        return values


def _scalar(node: Any) -> Any:
    """YAML 1.2 core schema, for what is not quoted."""
    text = str(node.value)
    if node.style is not None:
        return text
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return bool(_TRUE.fullmatch(text))
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
