"""Events for machines: one JSON object per line on stderr.

Always: ts (UTC), level, event, message; inside a step, step.
Then the event's own fields; for an error code, exit, retry, hint, details.
"""

from __future__ import annotations

import json
import time

from lockmaster.cli.words import describe, level_of
from lockmaster.events import Failed
from lockmaster.settings.secret import mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from lockmaster.events import Event


class JsonRenderer:
    """Writes each event as a line of JSON. `secrets` are hidden wherever they turn up."""

    def __init__(self, stream: TextIO, *, secrets: Sequence[str] = ()) -> None:
        self._stream = stream
        self._secrets = secrets

    def __call__(self, event: Event) -> None:
        line: dict[str, object] = {"ts": timestamp(time.time()), "level": level_of(event)}
        if (step := getattr(event, "step", "")) and (inner := getattr(event, "event", None)):
            line["step"], event = step, inner
        line |= {"event": name(type(event).__name__), "message": describe(event)}
        fields = self._error(event) if isinstance(event, Failed) else event._asdict()
        line |= {"schema_level" if key == "level" else key: value for key, value in fields.items()}
        self._stream.write(json.dumps(self._clean(line)) + "\n")
        self._stream.flush()

    def _error(self, event: Failed) -> dict[str, object]:
        error = event.error
        known = {"code": error.code, "exit": int(error.exit), "retry": error.retry}
        return {**known, "hint": error.hint, "details": error.details}

    def _clean(self, value: object) -> object:
        """The value without secrets; masked before it is encoded, because encoding would hide them from the mask."""
        if isinstance(value, str):
            return mask(value, *self._secrets)
        if isinstance(value, dict):
            return {str(key): self._clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(item) for item in value]
        return round(value, 3) if isinstance(value, float) else value


def timestamp(seconds: float) -> str:
    """UTC to the millisecond, as RFC 3339 has it."""
    millis = int(seconds * 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(millis // 1000))}.{millis % 1000:03d}Z"


def name(type_name: str) -> str:
    """TurnTaken -> turn-taken."""
    return "".join("-" + char.lower() if char.isupper() else char for char in type_name).lstrip("-")
