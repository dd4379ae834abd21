"""What a pod needs to be there: Secrets, ConfigMaps, its service account, volume claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import same_namespace
from lockmaster.manifests.objects import Container, dig, listed, mapping, text
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World
    from lockmaster.manifests.objects import Object, Path, Workload

_MAKERS = {"Secret": ("Secret", "ExternalSecret", "SealedSecret", "VaultStaticSecret", "OnePasswordItem")}


class Reference(NamedTuple):
    """An object that a pod needs, by kind and name; `path` is from the workload's root."""

    kind: str
    name: str
    path: Path


def references(workload: Workload) -> Iterator[Reference]:
    """All that it needs. What is marked as optional is not."""
    spec, path = workload.spec, workload.spec_path
    if account := text(spec.get("serviceAccountName")):
        yield Reference("ServiceAccount", account, (*path, "serviceAccountName"))
    for container in workload.containers():
        yield from _of(container)
    for number, volume in enumerate(map(mapping, listed(spec.get("volumes")))):
        sources = [volume, *map(mapping, listed(mapping(volume.get("projected")).get("sources")))]
        for source in sources:
            yield from _volume(source, (*path, "volumes", number))


def maker(world: World, workload: Workload, wanted: Reference) -> Object | None:
    """The object in these manifests that makes what is needed; None where it must be elsewhere."""
    for item in world.kind(*_MAKERS.get(wanted.kind, (wanted.kind,))):
        names = (item.name, text(item.at("spec", "target", "name")), text(item.at("spec", "destination", "name")))
        if wanted.name in names and same_namespace(item, workload.object):
            return item
    return None


def _of(container: Container) -> Iterator[Reference]:
    for field, number, one in _entries(container):
        for kind, source in (("Secret", "secretRef"), ("ConfigMap", "configMapRef")):
            yield from _named(kind, one.get(source), (*container.path, field, number))
        for kind, source in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
            yield from _named(kind, dig(one, ("valueFrom", source)), (*container.path, field, number))


def _entries(container: Container) -> Iterator[tuple[str, int, dict[str, object]]]:
    for field in ("envFrom", "env"):
        for number, one in enumerate(listed(container.root.get(field))):
            yield field, number, mapping(one)


def _volume(source: dict[str, object], path: Path) -> Iterator[Reference]:
    secret = mapping(source.get("secret"))
    yield from _named("Secret", {"name": secret.get("secretName"), **secret} if secret else None, path)
    yield from _named("ConfigMap", source.get("configMap"), path)
    claim = mapping(source.get("persistentVolumeClaim"))
    yield from _named("PersistentVolumeClaim", {"name": claim.get("claimName")} if claim else None, path)


def _named(kind: str, source: object, path: Path) -> Iterator[Reference]:
    found = mapping(source)
    if found.get("name") and found.get("optional") is not True:
        yield Reference(kind, text(found["name"]), path)
