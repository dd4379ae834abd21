"""Effective settings as text, for people: durations as they are written, secrets masked."""

from __future__ import annotations

from lockmaster.settings.durations import render_duration
from lockmaster.settings.secret import HIDDEN, Secret, mask_url
from lockmaster.settings.table import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.settings.resolving import Resolved
    from lockmaster.settings.table import Option


def show(resolved: Resolved) -> list[tuple[str, str, str]]:
    """Key, value, origin, in the order of the table. Options that only help to find a value: where they were used."""
    rows = []
    for option in OPTIONS:
        origin = resolved.origins.get(option.key)
        if origin is None or not (option.field or option.key in resolved.found):
            continue
        rows.append((option.key, _text(option, resolved), origin))
    return rows


def _text(option: Option, resolved: Resolved) -> str:
    if not option.field:
        return HIDDEN if option.kind == "secret" else resolved.found[option.key].text
    value = getattr(resolved.options, option.key)
    if isinstance(value, Secret):
        return mask_url(value.reveal())
    if option.kind in ("duration", "limit"):
        text = render_duration(value)
        others = [f"{command}: {default}" for command, default in option.defaults]
        return f"{text} ({', '.join(others)})" if others and option.key not in resolved.found else text
    return str(value).lower() if option.kind == "bool" else str(value)
