"""What stands in an object, read without trust: parts may be missing, a controller may not have been there yet."""

from __future__ import annotations

from typing import Any

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.errors import LockmasterError

Json = dict[str, Any]


class Seen(NamedTuple):
    """What a look found. `state` is for people, and stays the same while nothing changes; `failure` is the end of it."""

    ready: bool
    state: str
    failure: LockmasterError | None = None


UNSEEN = Seen(ready=False, state="its controller has not seen the newest version yet")


def meta(found: Json, key: str) -> Any:
    return (found.get("metadata") or {}).get(key)


def status(found: Json) -> Json:
    value = found.get("status")
    return value if isinstance(value, dict) else {}


def spec(found: Json) -> Json:
    value = found.get("spec")
    return value if isinstance(value, dict) else {}


def number(values: Json, key: str, default: int = 0) -> int:
    value = values.get(key)
    return default if value is None else int(value)


def conditions(found: Json) -> dict[str, Json]:
    """The conditions by type."""
    listed = status(found).get("conditions") or ()
    return {str(one["type"]): one for one in listed if isinstance(one, dict) and "type" in one}


def holds(found: Json, kind: str) -> bool:
    return conditions(found).get(kind, {}).get("status") == "True"


def reasons(condition: Json) -> str:
    """`: BackoffLimitExceeded: Job has reached the specified backoff limit`."""
    parts = [str(condition.get(key)) for key in ("reason", "message") if condition.get(key)]
    return "".join(f": {' '.join(part.split())}" for part in parts)


def generation(found: Json) -> int:
    return int(meta(found, "generation") or 0)
