"""Wait for the level of a folder, as a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.prepare.context import Outcome
from lockmaster.prepare.resolving import require_url, resolved

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context


def run(spec: Any, context: Context) -> Outcome:
    """Raises what `lockmaster.gate` raises."""
    from lockmaster import compose

    options = require_url(resolved("gate", spec, context).options)
    result = compose.gate(options, events=context.emit, stop=context.stop)
    return Outcome(changed=False, text=f"schema at {result.level}" if result.level else "ready")
