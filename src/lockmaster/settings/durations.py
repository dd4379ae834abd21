"""Durations as people write them: 500ms, 30s, 5m, 1h, 0; also 1m30s and 1.5s."""

from __future__ import annotations

from lockmaster.errors import UsageError

_MOST_SECONDS = 24 * 24 * 3600.0  # what databases count in milliseconds has no room for more
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def duration(text: str) -> float:
    """Seconds. Raises UsageError for anything but numbers that each have a unit (or a lone 0)."""
    if text == "0":
        return 0.0
    seconds, number, unit = 0.0, "", ""
    for char in text + "0":  # the added digit ends the last unit
        digit = char in "0123456789."
        if digit and unit:
            seconds += _value(text, number, unit)
            number, unit = char, ""
        elif digit:
            number += char
        else:
            unit += char
    if not text or number != "0" or unit:
        raise _wrong(text)
    if seconds > _MOST_SECONDS:
        raise UsageError(f"{text!r} is longer than 24 days", hint="0 is no limit, where there may be none")
    return round(seconds, 6)


def _value(text: str, number: str, unit: str) -> float:
    if unit not in _UNITS or not number[:1].isdigit() or not number[-1:].isdigit() or number.count(".") > 1:
        raise _wrong(text)
    return float(number) * _UNITS[unit]


def _wrong(text: str) -> UsageError:
    why = " (a unit is missing)" if text.isdigit() else ""
    return UsageError(f"{text!r} is not a duration{why}", hint="write for example 500ms, 30s, 5m, 1h or 0")


def render_duration(seconds: float | None) -> str:
    """The text that `duration` reads back, to the millisecond. None is "none"."""
    if seconds is None:
        return "none"
    millis = round(seconds * 1000)
    if millis < 1000:
        return f"{millis}ms" if seconds else "0"
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    rest = f"{millis / 1000:g}s" if millis else ""
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "") + rest
