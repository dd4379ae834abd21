"""lockmaster kube status: each workload of a namespace with its level, who waits, what failed. Reads only."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call
    from lockmaster.engine.levels import Level


def run(call: Call) -> int:
    from lockmaster.cli import render_kube_status
    from lockmaster.kube.api import connect
    from lockmaster.kube.listing import Reader
    from lockmaster.kube.overview import holders, workloads
    from lockmaster.step_events import Noted

    reader = Reader(connect(os.environ), call.flags.get("namespace", ""))
    listed = reader.read()
    for name in reader.missing:
        call.emit(Noted(f"may not list {name}: what they would tell is left out", loud=True))
    levels, error = _levels(call)
    render = render_kube_status.as_json if call.asked("json") else render_kube_status.as_text
    call.print(render(reader.namespace, workloads(listed), holders(listed), levels, error))
    return 0


def _levels(call: Call) -> tuple[tuple[Level, ...], str]:
    """The database's own word, where its URL is known. That it cannot be asked is a fact beside the others."""
    if not call.options.url:
        return (), ""
    from lockmaster import compose
    from lockmaster.errors import LockmasterError, StoppedError

    try:
        return compose.levels(call.options, events=call.emit, stop=call.stop), ""
    except StoppedError:
        raise
    except LockmasterError as error:
        return (), error.message
