"""Types of values in steps that YAML has no type for, with their place in the JSON Schema."""

from __future__ import annotations

from typing import Any

from lockmaster.errors import UsageError
from lockmaster.settings.durations import duration

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


class Duration(float):
    """Seconds, written as 500ms, 30s, 5m, 1h."""

    __slots__ = ()


class Size(int):
    """Bytes, written as 4096, 64Ki, 100Mi, 2Gi (or k, M, G for powers of ten)."""

    __slots__ = ()


def size(text: str) -> Size:
    """Raises UsageError for anything but a number of bytes, with a unit or without."""
    number = text.rstrip("kKMGi")
    unit = text[len(number) :]
    if not (number.isascii() and number.isdigit()) or unit not in _UNITS:
        raise UsageError(f"{text!r} is not a size", hint="write for example 4096, 64Ki, 100Mi or 2Gi")
    return Size(int(number) * _UNITS[unit])


def decode(kind: type, value: Any) -> Any:
    """What msgspec asks for types that are ours. Raises ValueError, to which msgspec adds the path."""
    try:
        if kind is Duration:
            return Duration(duration(str(value)))
        if kind is Size:
            return size(str(value))
    except UsageError as error:
        raise ValueError(error.message) from error
    raise NotImplementedError(kind)


def schema(kind: type) -> dict[str, Any]:
    """The JSON Schema of a type of ours."""
    if kind is Duration:
        text = "a duration: 500ms, 30s, 5m, 1h"
        return {"type": "string", "pattern": r"^(0|([0-9]+(\.[0-9]+)?(h|m|s|ms))+)$", "description": text}
    if kind is Size:
        pattern = r"^[0-9]+(k|M|G|Ki|Mi|Gi)?$"
        return {"type": ["string", "integer"], "pattern": pattern, "description": "bytes: 4096, 64Ki, 100Mi, 2Gi"}
    raise NotImplementedError(kind)
