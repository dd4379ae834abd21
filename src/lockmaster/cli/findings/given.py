"""What `kube check` looks at: files, folders, standard input, or a cluster."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.events import Warned

if TYPE_CHECKING:
    from lockmaster.cli.app import Call
    from lockmaster.manifests.stream import Stream


def streams(call: Call) -> list[Stream]:
    """The manifests. What could not be looked at is told as a warning."""
    if call.asked("live"):
        return _of_cluster(call)
    if not call.words:
        raise UsageError("which manifests?", hint="lockmaster kube check FILE..., a folder, - for stdin, or --live")
    from lockmaster.manifests.check.files import given

    found = given(call.words, sys.stdin)
    warn(call, found.notes)
    return found.streams


def _of_cluster(call: Call) -> list[Stream]:
    from lockmaster.kube.api import connect
    from lockmaster.kube.survey import survey
    from lockmaster.manifests.check.live import Snapshot

    api = connect(os.environ)
    try:
        namespace = "" if call.asked("all_namespaces") else call.flags.get("namespace") or api.namespace
        found = survey(api, namespace)
    finally:
        api.close()
    warn(call, found.unseen)
    return [Snapshot(found.items)]


def warn(call: Call, notes: list[tuple[str, str]]) -> None:
    """Tell them."""
    for fact, hint in notes:
        call.emit(Warned(fact, hint))
