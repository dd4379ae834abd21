"""The JSON Schema of lockmaster.yaml, from the option table and the steps' own classes: what editors complete by."""

from __future__ import annotations

from typing import Any

import msgspec

from lockmaster.prepare import conditions, types
from lockmaster.prepare.kinds import KINDS, spec_of
from lockmaster.prepare.spec import PARALLEL
from lockmaster.settings.table import OPTIONS, Option

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DURATION: dict[str, Any] = types.schema(types.Duration)
_COMMON: dict[str, Any] = {
    "name": {"type": "string", "description": "what logs and errors call the step"},
    "timeout": _DURATION | {"description": "limit of the step, and of each of its tries: 500ms, 30s, 5m, 1h"},
    "retry": {"type": "integer", "minimum": 0, "description": "how often it is tried again after a failure"},
    "if": {
        "description": "run only where the environment is so: NAME, !NAME, NAME == text, NAME != text; of a list, all",
        "anyOf": [
            {"type": "string", "pattern": conditions.PATTERN},
            {"type": "array", "items": {"type": "string", "pattern": conditions.PATTERN}},
        ],
    },
}


def schema() -> dict[str, Any]:
    """The schema of the whole file: settings, and steps."""
    specs = {kind: spec_of(kind) for kind in KINDS}
    references, definitions = msgspec.json.schema_components(
        list(specs.values()), schema_hook=types.schema, ref_template="#/$defs/{name}"
    )
    named = {
        kind: _shortened(spec, reference) for (kind, spec), reference in zip(specs.items(), references, strict=True)
    }
    settings = {option.key: _setting(option) for option in OPTIONS if option.key != "config"}
    return {
        "$schema": DRAFT,
        "title": "lockmaster.yaml",
        "type": "object",
        "properties": {**settings, "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/entry"}}},
        "additionalProperties": False,
        "$defs": {
            "entry": {"anyOf": [{"$ref": "#/$defs/step"}, {"$ref": "#/$defs/parallel"}]},
            "parallel": {
                "type": "object",
                "description": "steps that run side by side; all must succeed",
                "properties": {PARALLEL: {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}}},
                "required": [PARALLEL],
                "additionalProperties": False,
            },
            "step": {
                "type": "object",
                "properties": {**_COMMON, **named},
                "oneOf": [{"required": [kind]} for kind in KINDS],
                "additionalProperties": False,
            },
            **definitions,
        },
    }


def _shortened(spec: Any, reference: dict[str, Any]) -> dict[str, Any]:
    """The fields, or what may stand in their place."""
    short = getattr(spec, "shorthand", "")
    if not short:
        return reference
    kinds = msgspec.json.schema(spec, schema_hook=types.schema)
    field = next(iter(kinds["$defs"].values()))["properties"].get(short, {})
    return {"anyOf": [_without_default(field), reference]}


def _without_default(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key != "default"}


def _setting(option: Option) -> dict[str, Any]:
    base: dict[str, Any] = {"description": option.help}
    if option.kind == "bool":
        return base | {"type": "boolean"}
    if option.kind == "choice":
        return base | {"enum": list(option.choices)}
    if option.kind in ("duration", "limit"):
        return base | {"type": ["string", "integer"], "pattern": _DURATION["pattern"]}
    return base | {"type": ["string", "integer"]}
