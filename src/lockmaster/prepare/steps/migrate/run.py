"""Bring the schema to the level of a folder, as a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.prepare.context import Outcome
from lockmaster.prepare.resolving import require_url, resolved

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context


def run(spec: Any, context: Context) -> Outcome:
    """Raises what `lockmaster.migrate` raises."""
    from lockmaster import compose

    options = require_url(resolved("migrate", spec, context).options)
    result = compose.migrate(options, events=context.emit, stop=context.stop)
    done = f"{len(result.applied)} applied" if result.applied else "unchanged"
    return Outcome(bool(result.applied), f"{done} (schema at {result.level})" if result.level else done)
