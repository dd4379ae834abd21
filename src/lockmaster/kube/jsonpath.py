r"""The part of kubectl's JSONPath that names values: fields, indexes, all, and a filter that compares.

    {.status.phase}   {.metadata.labels.a\.b/c}   {.metadata.labels['a.b/c']}   {.status.loadBalancer.ingress[0].ip}
    {.items[*].name}  {.status.conditions[?(@.type=="Ready")].status}

kubectl's own dialect is neither Goessner's nor RFC 9535, and no library has it: so its rules are here, as in
k8s.io/client-go/util/jsonpath. Not here: `..`, slices, unions, range; they are refused, never misread.
"""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"""\.(?P<field>(?:\\.|[^.\[\]{}\\'"\s@?*()])+)
      |\['(?P<quoted>(?:\\.|[^'\\])*)'\]
      |\["(?P<double>(?:\\.|[^"\\])*)"\]
      |\[(?P<index>-?\d+)\]
      |(?P<all>\.\*|\[\*\])
      |\[\?\(\s*@(?P<inner>(?:\.(?:\\.|[\w-])+)+)\s*(?P<sign>==|!=)\s*
         (?P<value>"[^"]*"|'[^']*'|-?\d+(?:\.\d+)?|true|false)\s*\)\]""",
    re.VERBOSE,
)


class PathError(ValueError):
    """A path that is wrong, or more than is understood here."""


class JsonPath:
    """A path, read once. Raises PathError."""

    def __init__(self, text: str) -> None:
        self.text = text
        inner = text[1:-1] if text.startswith("{") and text.endswith("}") else text
        inner = inner.strip().removeprefix("$")
        if inner[:1] not in (".", "["):
            inner = f".{inner}"
        self._steps = tuple(_steps(inner, text))

    def find(self, value: Any) -> list[Any]:
        """All values that it names; a field that is not there names none."""
        found = [value]
        for step in self._steps:
            found = [below for above in found for below in _below(above, step)]
        return found


def _steps(inner: str, text: str) -> list[re.Match[str]]:
    steps, at = [], 0
    while at < len(inner):
        step = _STEP.match(inner, at)
        if step is None:
            raise PathError(f"{text!r} is not understood from {inner[at:]!r} on")
        steps.append(step)
        at = step.end()
    if not steps or inner == ".":
        raise PathError(f"{text!r} names nothing")
    return steps


def _below(value: Any, step: re.Match[str]) -> list[Any]:
    kind = step.lastgroup
    if kind in ("field", "quoted", "double"):
        name = re.sub(r"\\(.)", r"\1", step[kind])
        return [value[name]] if isinstance(value, dict) and name in value else []
    if kind == "index":
        index = int(step["index"])
        return [value[index]] if isinstance(value, list) and -len(value) <= index < len(value) else []
    items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    return items if kind == "all" else [item for item in items if _passes(item, step)]


def _passes(item: Any, step: re.Match[str]) -> bool:
    for escaped in re.findall(r"\.((?:\\.|[\w-])+)", step["inner"]):
        name = re.sub(r"\\(.)", r"\1", escaped)
        if not isinstance(item, dict) or name not in item:
            return False
        item = item[name]
    wanted = step["value"]
    same: bool = item == wanted[1:-1] if wanted[0] in "\"'" else as_text(item) == wanted
    return same == (step["sign"] == "==")


def as_text(value: Any) -> str | None:
    """A plain value as kubectl prints it; None for an object or a list."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if isinstance(value, dict | list) or value is None else str(value)
