"""Where an init container of ours cannot work, or only seems to."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING, Any

from lockmaster.errors import UsageError
from lockmaster.manifests import names
from lockmaster.manifests.check.migrating import ends, of
from lockmaster.manifests.inject.wish import Note
from lockmaster.manifests.objects import listed, mapping, text
from lockmaster.settings.durations import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.inject.wish import Wish
    from lockmaster.manifests.objects import Container, Workload

_PROXY = re.compile(r"cloud[-_]?sql[-_]proxy|cloudsql|alloydb-auth-proxy|pgbouncer|pgcat|odyssey|pgpool")
_MESH = (("sidecar.istio.io/inject", "true"), ("sidecar.istio.io/status", ""), ("linkerd.io/inject", "enabled"))
_NATIVE = (
    ("sidecar.istio.io/nativeSidecar", "true"),
    ("config.linkerd.io/proxy-enable-native-sidecar", "true"),
    ("config.beta.linkerd.io/proxy-enable-native-sidecar", "true"),
    ("config.alpha.linkerd.io/proxy-enable-native-sidecar", "true"),
)
_NOEXEC = "--from bundle always works"
_PROGRESSING = ("Deployment", "Rollout")


def is_windows(workload: Workload) -> bool:
    """Whether its pods run on Windows nodes."""
    system = mapping(workload.spec.get("nodeSelector")).get("kubernetes.io/os") or mapping(workload.spec.get("os")).get(
        "name"
    )
    return bool(system == "windows")


def has_host_network(workload: Workload) -> bool:
    """Whether its pods have the node's network."""
    return workload.spec.get("hostNetwork") is True


def refuse(workload: Workload) -> None:
    """Raise UsageError where Lockmaster cannot run at all."""
    if is_windows(workload):
        place = workload.object.place(*workload.spec_path)
        raise UsageError(
            f"{place}: the pods of {workload.object.title} run on Windows, and Lockmaster on Linux only",
            hint="migrate from a Job on a Linux node: lockmaster kube build --pattern job-and-gate",
        )


def proxies(workload: Workload) -> list[Container]:
    """Its containers that stand between the pod and the database."""
    return [one for one in workload.containers() if _is_proxy(one)]


def order(workload: Workload, number: int) -> None:
    """Raise UsageError where a proxy for the database would start after our init container, which is to be this number."""
    for one in proxies(workload):
        if one.sidecar and one.number >= number:
            raise UsageError(
                f"{one.place()}: {one.name} would start after the migration, which needs it to reach the database",
                hint=f"--where after:{one.name}",
            )


def warnings(workload: Workload, wish: Wish, path: tuple[str | int, ...]) -> Iterator[Note]:
    """What works only under conditions that the manifest does not tell, or not at all."""
    item = workload.object
    for one in proxies(workload):
        if one.field == "containers" and item.kind not in ("Job", "CronJob"):
            text_ = f"{one.name} starts after all init containers: the migration cannot reach the database through it"
            hint = "move it to initContainers with restartPolicy: Always (a native sidecar), in front of the migration"
            yield Note(one.place(), text_, hint, warning=True)
    if wish.mode == "add" and (other := _migrating(workload)):
        hint = f"--wrap {other.name} makes it safe, --replace {other.name} does without it"
        if other.field == "containers" and not ends(workload):
            hint = "take the migration out of its command: it comes before it now"
        yield Note(other.place(), f"{other.name} migrates too, as it seems, and stays as it is", hint, warning=True)
    if wish.mode == "wrap" and wish.source == "image-volume":
        yield Note(
            item.place(*path), "a container runtime may mount image volumes so that nothing in them can be run", _NOEXEC
        )
    policy = (*workload.where[:-1], "podFailurePolicy")
    if (name := wish.wrap or wish.replace) and name in _by_status(item.at(*policy)):
        hint = "its exit statuses are Lockmaster's now: docs/exit-codes.md (12: the command or a migration failed)"
        yield Note(item.place(*policy), f"podFailurePolicy looks at how {name} ends", hint, warning=True)
    if _meshed(workload):
        hint = (
            "have native sidecars (Istio: sidecar.istio.io/nativeSidecar), or keep the database's port out of the mesh"
        )
        yield Note(item.place(*workload.where), "in this mesh init containers have no network", hint, warning=True)
    if has_host_network(workload):
        yield Note(
            item.place(*workload.spec_path, "hostNetwork"), "its pods have the node's network and name", warning=True
        )
    if (own := _progress(workload, wish)) is not None:
        hint = "progressDeadlineSeconds: longer than --deadline, or a long migration is taken for a failed roll-out"
        said = f"the roll-out counts as failed after {own} s, --deadline is {wish.deadline}"
        yield Note(item.place("spec", "progressDeadlineSeconds"), said, hint)


def _migrating(workload: Workload) -> Container | None:
    """A container of the team's own that migrates, by its words, image or name."""
    own = (one for one in workload.containers() if one.name not in (names.CONTAINER, names.COPIER))
    return next((one for one in own if (found := of(one)) and not found.ours), None)


def _by_status(policy: Any) -> set[str]:
    """The containers whose exit statuses a Job's rules look at."""
    rules = [mapping(mapping(rule).get("onExitCodes")) for rule in listed(mapping(policy).get("rules"))]
    return {text(rule.get("containerName")) for rule in rules if rule}


def _progress(workload: Workload, wish: Wish) -> int | None:
    """The progress deadline, where it comes before ours."""
    if workload.object.kind not in _PROGRESSING:
        return None
    limit = workload.object.at("spec", "progressDeadlineSeconds")
    own = limit if isinstance(limit, int) else 600
    return own if own < duration(wish.deadline or "0") else None


def _is_proxy(container: Container) -> bool:
    image = os.path.basename(text(container.root.get("image")).partition("@")[0]).partition(":")[0]
    return bool(_PROXY.search(image) or _PROXY.search(container.name))


def _meshed(workload: Workload) -> bool:
    metadata = mapping(workload.template.get("metadata"))
    said = {**mapping(metadata.get("labels")), **mapping(metadata.get("annotations"))}

    def says(pairs: tuple[tuple[str, str], ...]) -> bool:
        return any(key in said and (not value or text(said[key]).lower() == value) for key, value in pairs)

    return says(_MESH) and not says(_NATIVE)
