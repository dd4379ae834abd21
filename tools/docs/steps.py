"""Writes docs/lockmaster-yaml.md from the JSON Schema of lockmaster.yaml; with --check only says whether it is current.

Run by `python tools/docs/steps.py [--check]`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lockmaster.prepare.kinds import KINDS, spec_of
from lockmaster.prepare.schema import schema
from lockmaster.settings.table import OPTIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lockmaster-yaml.md"
HEAD = """\
<!-- Written by tools/docs/steps.py from the code. Do not edit. -->

# lockmaster.yaml

Its keys are the [settings](settings.md), and `steps`, a list ([how they run](steps.md)). This page is made from the JSON
Schema that `lockmaster schema` prints.

## A step

Exactly one of the kinds below, beside these:

"""


def page() -> str:
    """The whole page."""
    whole = schema()
    definitions = whole["$defs"]
    common = {name: field for name, field in definitions["step"]["properties"].items() if name not in KINDS}
    parts = [HEAD + _table(common, [], definitions)]
    parts.append("An item `parallel` is a list of steps that run side by side, and stands alone.\n")
    parts += [_kind(kind, definitions) for kind in KINDS]
    parts.append(_inner(definitions))
    return "\n".join(parts)


def _kind(kind: str, definitions: dict[str, Any]) -> str:
    spec = spec_of(kind)
    definition = definitions[spec.__name__]
    settings = {option.key for option in OPTIONS}
    own = {name: field for name, field in definition["properties"].items() if name not in settings or kind == "wait"}
    taken = [f"`{name}`" for name in definition["properties"] if name not in own]
    text = f"## {kind}\n\n"
    if short := getattr(spec, "shorthand", ""):
        text += f"`{kind}: VALUE` is short for `{kind}: {{{short}: VALUE}}`.\n\n"
    if own:
        text += _table(own, definition.get("required", []), definitions)
    if taken:
        text += f"\nAnd these [settings](settings.md), which count like flags: {', '.join(taken)}.\n"
    return text


def _inner(definitions: dict[str, Any]) -> str:
    """Objects inside of the kinds' fields."""
    named = {spec_of(kind).__name__ for kind in KINDS} | {"entry", "parallel", "step"}
    text = ""
    for name in sorted(set(definitions) - named):
        rows = _table(definitions[name]["properties"], definitions[name].get("required", []), definitions)
        text += f"## {name}\n\n{rows}\n"
    return text


def _table(fields: dict[str, Any], required: list[str], definitions: dict[str, Any]) -> str:
    lines = ["| field | type | default | meaning |", "|---|---|---|---|"]
    for name, field in fields.items():
        default = "needed" if name in required else _default(field)
        meaning = str(field.get("description", "")).replace("|", "\\|").replace("\n", " ")
        lines.append(f"| `{name}` | {_type(field, definitions)} | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    empty = value is None or (not value and not isinstance(value, bool | int))
    return "" if empty else f"`{json.dumps(value)}`"


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if reference := field.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        kinds = [_type(one, definitions) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    kind = field.get("type", "any")
    if kind == "array":
        return f"list of {_type(field.get('items', {}), definitions)}"
    if isinstance(kind, list):
        return " or ".join(kind)
    return "duration" if "(h|m|s|ms)" in field.get("pattern", "") else str(kind)


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it differs: 1."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/lockmaster-yaml.md is not what the code says: run python tools/docs/steps.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
