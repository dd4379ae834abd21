"""How far Lockmaster is in a pod: from the status of its container, its termination message, and its last Event."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.kube.facts import Json, conditions, holds, meta, spec, status
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WORD = re.compile(r"(^|[\s/])lockmaster(\s|$)")
_MIGRATES = re.compile(r"(?:^|(?:^|[\s/])lockmaster\s+)(?:migrate|gate|exec|up)(?:\s|$)")
_READY = re.compile(r"^ready at (?P<level>.+?): (?:\d+ applied|nothing to apply), \d+ in all", re.MULTILINE)
_NONE: Mapping[str, object] = {}


class PodSeen(NamedTuple):
    """One pod. Times are as the API server has them: 2026-01-01T10:00:00Z."""

    name: str
    container: str
    state: str  # done, working, waiting, failed, starting
    since: str  # "" where nothing tells
    text: str  # one line for people
    hint: str = ""  # the next act, after a failure
    exit: int | None = None  # of the last run that ended
    level: str = ""  # that the last successful run found or made
    restarts: int = 0
    details: tuple[str, ...] = ()  # what else the termination message of a failure says, a line each


def ours(pod: Json) -> Json | None:
    """The container of a pod's spec that Lockmaster migrates or waits for the level in; else any that runs it."""
    found = _all_ours(pod)
    return next((one for one in found if _MIGRATES.search(_words(one))), found[0] if found else None)


def _all_ours(pod: Json) -> list[Json]:
    """Init containers first: the one that copies the bundle, or waits for a host, comes before the one that migrates."""
    return [one for one in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())) if _is_ours(one)]


def _is_ours(one: Json) -> bool:
    image = str(one.get("image") or "").rpartition("/")[2].partition(":")[0].partition("@")[0]
    called = str(one.get("name") or "").startswith("lockmaster")  # as `kube inject` and `kube build` call theirs
    told = any(str(env.get("name")).startswith("LOCKMASTER_") for env in one.get("env") or ())
    return bool(_WORD.search(_words(one))) or image == "lockmaster" or called or told


def _words(one: Json) -> str:
    return " ".join(map(str, (*(one.get("command") or ()), *(one.get("args") or ()))))


def latest(events: Iterable[Json]) -> dict[str, Json]:
    """Of each pod, by uid, the last thing that Lockmaster has told of it."""
    found: dict[str, Json] = {}
    for event in events:
        about = event.get("involvedObject") or {}
        if (event.get("source") or {}).get("component") == "lockmaster" and about.get("kind") == "Pod":
            before = found.get(about.get("uid", ""))
            if before is None or _order(event) >= _order(before):
                found[about.get("uid", "")] = event
    return found


def _order(event: Json) -> tuple[str, str]:
    """By time, which has seconds; within one by name, which is made of nanoseconds."""
    return str(event.get("lastTimestamp") or ""), str(meta(event, "name"))


def seen(pod: Json, told: Json | None) -> PodSeen | None:
    """The pod; None when nothing of Lockmaster runs in it."""
    container = ours(spec(pod))
    if container is None:
        return None
    name, found = _stands_at(pod, container)
    now, before = found.get("state") or {}, (found.get("lastState") or {}).get("terminated")
    base = PodSeen(
        str(meta(pod, "name")), name, "starting", str(meta(pod, "creationTimestamp") or ""), "",
        restarts=int(found.get("restartCount") or 0),
    )  # fmt: skip
    if ended := now.get("terminated"):
        return _ended(base, ended)
    if running := now.get("running"):
        begun = str(running.get("startedAt") or "")
        return _running(_told_before(base, before), begun, told, serves=holds(pod, "Ready"))
    waiting = now.get("waiting") or {}
    if before and before.get("exitCode"):
        failed = _ended(base, before)
        return failed._replace(details=(*failed.details, f"again later: {waiting.get('reason') or 'it is restarted'}"))
    why = waiting.get("reason") or conditions(pod).get("PodScheduled", {}).get("reason") or status(pod).get("phase")
    return base._replace(text=" ".join(f"{why or 'Pending'} {waiting.get('message') or ''}".split()))


def _stands_at(pod: Json, container: Json) -> tuple[str, Json]:
    """Name and status of the container; where one of ours before it has not ended well, of that one."""
    both = (*(status(pod).get("initContainerStatuses") or ()), *(status(pod).get("containerStatuses") or ()))
    known: dict[str, Json] = {str(one.get("name")): one for one in both}
    for one in _all_ours(spec(pod)):
        name = str(one["name"])
        state = known.get(name, {}).get("state") or {}
        if one["name"] == container["name"]:
            break
        if state and (state.get("terminated") or {}).get("exitCode") != 0 and one.get("restartPolicy") != "Always":
            return name, known[name]
    name = str(container["name"])
    return name, known.get(name, {})


def _ended(base: PodSeen, ended: Json) -> PodSeen:
    code, message = int(ended.get("exitCode") or 0), str(ended.get("message") or "").strip()
    since = str(ended.get("finishedAt") or "")
    if code == 0:
        found = _READY.search(message)
        first = message.partition("\n")[0] or "it has ended well"
        return base._replace(state="done", since=since, text=first, exit=0, level=found["level"] if found else "")
    text, details, hint = _read(message)
    text = text or f"ended with {code} ({ended.get('reason') or 'no message'})"
    return base._replace(state="failed", since=since, text=text, hint=hint, exit=code, details=details)


def _read(message: str) -> tuple[str, tuple[str, ...], str]:
    """The error, the details and the hint of a termination message; any other message is its last line."""
    if not message.startswith("error: "):
        return message.rpartition("\n")[2], (), ""
    head, _, hint = message.partition("\nhint: ")
    first, *rest = head.split("\n")
    return first.removeprefix("error: "), tuple(rest), hint


def _told_before(base: PodSeen, before: Json | None) -> PodSeen:
    if not before or not before.get("exitCode"):
        return base
    failed = _ended(base, before)
    return base._replace(exit=failed.exit, details=(f"the run before: {failed.text}",))


def _running(base: PodSeen, begun: str, told: Json | None, *, serves: bool) -> PodSeen:
    """What it told last, where that was told since it began. A container that became the application serves."""
    if serves:
        return base._replace(state="done", since=begun, text="the application runs")
    if told is None or str(told.get("lastTimestamp") or "") < begun:
        return base._replace(state="working", since=begun, text="running; it has told nothing")
    waits = str(told.get("reason")).startswith(("Waiting", "HolderGone"))
    return base._replace(state="waiting" if waits else "working", since=begun, text=str(told.get("message") or ""))
