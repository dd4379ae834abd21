"""Which workloads of the manifests are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.manifests.inject import checks
from lockmaster.manifests.inject.needs import need
from lockmaster.manifests.inject.record import INJECT, INJECTED
from lockmaster.manifests.objects import dig, text
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lockmaster.manifests.inject.needs import Keys, Need
    from lockmaster.manifests.inject.wish import Wish
    from lockmaster.manifests.objects import Container, Object, Workload

_DEFAULT = "kubectl.kubernetes.io/default-container"
# Their pods come and go, or are the migration themselves: only where a person names them.
_BRIEF = ("Job", "CronJob", "Pod")
_SERVING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout", *_BRIEF)


class Choice(NamedTuple):
    """The workloads that are meant, and for the others why not."""

    chosen: list[Workload]
    left: list[tuple[Workload, str]]


def choose(found: Sequence[Workload], wish: Wish, keys: Keys) -> Choice:
    """By --workload, else by annotation, else by what is in them. Raises UsageError when nothing is."""
    if wish.workloads:
        choice = _named(found, wish)
    elif marked := [one for one in found if _word(one) == "true"]:
        choice = Choice(
            marked, [(one, f"another one has the annotation {INJECT}") for one in found if one not in marked]
        )
    else:
        choice = _with_container(found, wish) if wish.mode != "add" else _fitting(found, wish, keys)
    if not choice.chosen:
        raise UsageError("no workload is to be injected into", hint="\n".join(_told(choice.left)))
    return choice


def refuse_nothing(items: Iterable[Object]) -> None:
    """Raise UsageError, for manifests that make no pods, with the likely reason."""
    for item in items:
        if item.at("spec", "workloadRef") is not None:
            refers = f"{item.title} has its pods of a {text(item.at('spec', 'workloadRef', 'kind'))} that is not here"
            raise UsageError(f"{item.place()}: {refers}", hint="inject into that one: give both files")
        if item.kind in _SERVING:
            hint = "a patch of kustomize is part of one: kustomize build . | lockmaster kube inject -, or as its transformer"
            raise UsageError(f"{item.place()}: {item.title} has no containers", hint=hint)
    hint = "an object with a pod template: Deployment, StatefulSet, DaemonSet, Job, CronJob, Rollout, or a Pod"
    raise UsageError("there is no workload in these manifests", hint=hint)


def app_container(workload: Workload, wish: Wish, keys: Keys) -> Container:
    """The application's container: by --container, else the one with the database's URL, else the first."""
    containers = list(workload.containers())
    if wish.container:
        for one in containers:
            if one.name == wish.container:
                return one
        there = ", ".join(one.name for one in containers)
        place = workload.object.place(*workload.spec_path)
        raise UsageError(
            f"{place}: {workload.object.title} has no container {wish.container}", hint=f"there are {there}"
        )
    applications = [one for one in containers if one.field == "containers"]
    needs = [(one, _need(one, wish, keys)) for one in applications]
    default = text(dig(workload.template, ["metadata", "annotations", _DEFAULT]))
    ranked = sorted(needs, key=lambda pair: (not pair[1].found, not pair[1].possible, pair[0].name != default))
    return ranked[0][0]


def seen(workload: Workload) -> str:
    """`Deployment web (deploy.yaml:12)`."""
    return f"{workload.object.title} ({workload.object.place()})"


def _named(found: Sequence[Workload], wish: Wish) -> Choice:
    chosen: list[Workload] = []
    for name in wish.workloads:
        here = [one for one in found if _is(one, name)]
        if not here:
            hint = "there are " + ", ".join(f"{one.object.kind}/{one.object.name}" for one in found)
            raise UsageError(f"--workload {name}: there is none", hint=hint)
        chosen += [one for one in here if one not in chosen]
    return Choice([one for one in found if one in chosen], [(one, "not named") for one in found if one not in chosen])


def _with_container(found: Sequence[Workload], wish: Wish) -> Choice:
    """For --wrap and --replace: those that have such a container."""
    name, choice = wish.wrap or wish.replace, Choice([], [])
    for one in found:
        there = [container.name for container in one.containers()]
        if _word(one) == "false":
            choice.left.append((one, f"its annotation {INJECT} says false"))
        elif name in there:
            choice.chosen.append(one)
        else:
            choice.left.append((one, f"no container {name}, it has {', '.join(there)}"))
    return choice


def _fitting(found: Sequence[Workload], wish: Wish, keys: Keys) -> Choice:
    """Those that serve, and know the database; where none surely does, those that may."""
    choice, perhaps = Choice([], []), Choice([], [])
    for one in found:
        if why := _unfit(one, wish):
            choice.left.append((one, why))
            continue
        need = _need(app_container(one, wish, keys), wish, keys)
        if need.found or wish.all:
            choice.chosen.append(one)
        elif need.possible:
            perhaps.chosen.append(one)
        else:
            choice.left.append((one, _no_url(one, wish, keys)))
    if not choice.chosen:
        return Choice(perhaps.chosen, choice.left)
    unsure = "its envFrom may hold the URL, or not: name it with --workload"
    return Choice(choice.chosen, choice.left + [(one, unsure) for one in perhaps.chosen])


def _no_url(workload: Workload, wish: Wish, keys: Keys) -> str:
    for one in workload.containers():
        if one.init and _need(one, wish, keys).found:
            return f"only its init container {one.name} knows a database: --replace {one.name}, --wrap {one.name}, or --all"
    return "no variable with a database's URL (--url-env NAME, or --all)"


def _unfit(workload: Workload, wish: Wish) -> str:
    if _word(workload) == "false":
        return f"its annotation {INJECT} says false"
    if checks.is_windows(workload):
        return "its pods run on Windows"
    if checks.has_host_network(workload):
        return "its pods have the node's network and name: name it with --workload to inject all the same"
    owned = workload.object.at("metadata", "annotations", INJECTED) is not None
    if workload.object.kind in _BRIEF and not wish.all and not owned:
        return f"a {workload.object.kind} is left alone unless it is named with --workload"
    return ""


def _need(container: Container, wish: Wish, keys: Keys) -> Need:
    return need(container.root, wish.url_env, wish.options, keys)


def _word(workload: Workload) -> str:
    return text(workload.object.at("metadata", "annotations", INJECT)).lower()


def _is(workload: Workload, name: str) -> bool:
    kind, slash, rest = name.rpartition("/")
    return workload.object.name == rest and (not slash or workload.object.kind.lower() == kind.lower())


def _told(left: Sequence[tuple[Workload, str]]) -> list[str]:
    return [f"{seen(one)}: {why}" for one, why in left]
