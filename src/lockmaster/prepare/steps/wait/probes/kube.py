"""`kube://job/migrate`: an object of Kubernetes. It is watched between two looks too, so a look costs no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.kube.target import Aim, aim
from lockmaster.prepare.steps.wait.looking import Look, Seen, Target

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.spec import Wanted


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    _aim(wanted)
    return wanted.url


def probe(target: Target, look: Look) -> Seen:
    """Its state, as soon as it changes. Raises what it has failed with for good."""
    from lockmaster.kube.api import connect
    from lockmaster.kube.objects import Observer

    look.doing = "asking the Kubernetes API server"
    memory = {} if target.memory is None else target.memory
    if "observer" not in memory:
        memory["observer"] = Observer(connect(target.environ), _aim(target.wanted))
    observer: Observer = memory["observer"]
    seen = observer.look(look.left() * 0.9)
    return Seen(seen.ready, seen.state, absent=seen.ready)


def _aim(wanted: Wanted) -> Aim:
    """The target, with what its fields say too."""
    url = wanted.url
    for asked in ("absent" if wanted.until == "absent" else "", f"gone={wanted.gone}" if wanted.gone != "wait" else ""):
        if asked and asked not in url.partition("?")[2].split("&"):
            url = f"{url}{'&' if '?' in url else '?'}{asked}"
    return aim(url)._replace(shown=wanted.url)
