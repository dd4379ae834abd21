"""How Lockmaster and the migrations come into one container: the five values of --from."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any

from lockmaster.errors import UsageError
from lockmaster.manifests import names
from lockmaster.manifests.inject import parts
from lockmaster.manifests.objects import text
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.manifests.inject.configmap import Files
    from lockmaster.manifests.inject.wish import Wish

INSIDE = f"{names.BUNDLE}/lockmaster"  # the program of a bundle, in a container of another image


_SAID = {
    "copy": "--from copy: cp is run in the application's image, which has to have it",
    "same-image": "--from same-image: the application's image has to have lockmaster in it",
}


class Supply(NamedTuple):
    """What a container needs to run Lockmaster: its image, the program, the folder of migrations, and what brings them."""

    image: str
    program: str
    folder: str
    working_dir: str  # empty: the image's own
    init: tuple[dict[str, Any], ...] = ()  # containers that run before
    volumes: tuple[dict[str, Any], ...] = ()
    mounts: tuple[dict[str, Any], ...] = ()
    config_map: dict[str, Any] | None = None
    of_app: bool = False  # the image is the application's


class Asked(NamedTuple):
    """What is known when the source is chosen. `app` is the container with the migrations in its image."""

    wish: Wish
    app: dict[str, Any]
    folder: str  # as it is called in that image, or on this machine for a ConfigMap; empty: not known
    place: str  # for errors
    owner: str  # the workload's name
    files: Callable[[str], Files] | None = None


def supply(asked: Asked) -> tuple[Supply, str]:
    """What the container needs, and in words what was chosen by ourselves."""
    source, said = asked.wish.source, _SAID.get(asked.wish.source, "")
    if not source:
        source = "image-volume" if asked.wish.has_image_volumes and _absolute(asked) else "bundle"
        said = {
            "image-volume": f"--from image-volume: Kubernetes {asked.wish.kubernetes_version} has image volumes",
            "bundle": "--from bundle: the migrations are in the application's image, and Lockmaster is copied beside it",
        }[source]
    return _MAKERS[source](asked), said


def bundle(
    wish: Wish,
) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...], tuple[dict[str, Any], ...], str]:
    """Lockmaster for a container of another image: containers before it, volumes, mounts, and the program."""
    mount = {"name": names.BUNDLE_VOLUME, "mountPath": names.BUNDLE, "readOnly": True}
    if wish.source == "same-image":
        return (), (), (), "lockmaster"
    if wish.source == "image-volume":
        volume = {"name": names.BUNDLE_VOLUME, "image": {"reference": wish.image, "pullPolicy": "IfNotPresent"}}
        return (), (volume,), (mount,), f"{names.BUNDLE}{names.BUNDLE_IN_IMAGE}/lockmaster"
    copier = parts.ours(names.COPIER, wish.image, ["lockmaster", "bundle", "copy", names.SHARED])
    copier["volumeMounts"] = [{"name": names.BUNDLE_VOLUME, "mountPath": names.SHARED}]
    return (copier,), ({"name": names.BUNDLE_VOLUME, "emptyDir": {}},), (mount,), INSIDE


def _same_image(asked: Asked) -> Supply:
    return Supply(_image(asked), "lockmaster", asked.folder, text(asked.app.get("workingDir")), of_app=True)


def _bundle(asked: Asked) -> Supply:
    init, volumes, mounts, program = bundle(asked.wish)
    return Supply(
        _image(asked), program, asked.folder, text(asked.app.get("workingDir")), init, volumes, mounts, of_app=True
    )


def _copy(asked: Asked) -> Supply:
    folder = _known(asked)
    copier = parts.of_app(names.COPIER, asked.app, ["cp", "-R", f"{folder.rstrip('/')}/.", f"{names.COPY_TO}/"])
    copier["volumeMounts"] = [{"name": names.MIGRATIONS_VOLUME, "mountPath": names.COPY_TO}]
    volume = {"name": names.MIGRATIONS_VOLUME, "emptyDir": {}}
    mount = {"name": names.MIGRATIONS_VOLUME, "mountPath": names.MIGRATIONS, "readOnly": True}
    return Supply(asked.wish.image, "lockmaster", names.MIGRATIONS, "", (copier,), (volume,), (mount,))


def _image_volume(asked: Asked) -> Supply:
    folder = _absolute(asked)
    if not folder:
        _known(asked)
        hint = (
            f"--dir with the whole path in the image, as in --dir /app/{asked.folder}; or --from bundle, which finds it"
        )
        raise UsageError(f"{asked.place}: where {asked.folder} is in the image is not known: no workingDir", hint=hint)
    image: dict[str, Any] = {"reference": _image(asked)}
    if policy := asked.app.get("imagePullPolicy"):
        image["pullPolicy"] = policy
    volume = {"name": names.MIGRATIONS_VOLUME, "image": image}
    mount = {"name": names.MIGRATIONS_VOLUME, "mountPath": names.APP_IMAGE, "readOnly": True}
    return Supply(asked.wish.image, "lockmaster", names.APP_IMAGE + folder, "", (), (volume,), (mount,))


def _config_map(asked: Asked) -> Supply:
    from lockmaster.manifests.inject.configmap import config_map

    if not asked.wish.dir or asked.files is None:
        raise UsageError("--from configmap needs the folder on this machine", hint="--dir prisma/migrations")
    made, items = config_map(asked.owner, asked.wish.dir, asked.files(asked.wish.dir))
    volume = {"name": names.MIGRATIONS_VOLUME, "configMap": {"name": made["metadata"]["name"], "items": items}}
    mount = {"name": names.MIGRATIONS_VOLUME, "mountPath": names.MIGRATIONS, "readOnly": True}
    return Supply(asked.wish.image, "lockmaster", names.MIGRATIONS, "", (), (volume,), (mount,), made)


_MAKERS = {
    "bundle": _bundle,
    "same-image": _same_image,
    "copy": _copy,
    "image-volume": _image_volume,
    "configmap": _config_map,
}


def _image(asked: Asked) -> str:
    image = text(asked.app.get("image"))
    if not image:
        raise UsageError(f"{asked.place}: the container {asked.app.get('name')} has no image", hint="name it there")
    return image


def _known(asked: Asked) -> str:
    if not asked.folder:
        raise UsageError(
            f"{asked.place}: which folder of the image has the migrations is not known",
            hint="--dir with its path in the image, as in --dir /app/prisma/migrations",
        )
    return asked.folder


def _absolute(asked: Asked) -> str:
    """The folder from the image's root; empty where that is not known."""
    found = os.path.join(text(asked.app.get("workingDir")), asked.folder) if asked.folder else ""
    return os.path.normpath(found) if found.startswith("/") else ""
