"""How Lockmaster and the migrations come together in one container: the values of --from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests import names
from lockmaster.manifests.build.fill import fill, scalar
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

SECURITY = """\
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
"""
_COPIER = """\
- name: ${name}  # ${why}
  image: ${image}
  imagePullPolicy: IfNotPresent
  command: [${command}]
  volumeMounts:
    - {name: ${volume}, mountPath: ${to}}
  resources:
    requests: {cpu: 100m, memory: 64Mi, ephemeral-storage: 64Mi}
    limits: {cpu: 500m, memory: 128Mi, ephemeral-storage: 512Mi}
  ${security}
"""
_EMPTY = """\
- name: ${name}
  emptyDir: {sizeLimit: 256Mi}
"""
_IMAGE = """\
- name: ${name}  # the application's image as a read-only volume: the migrations are always those of its code
  image:
    reference: ${image}
    pullPolicy: IfNotPresent
"""
_MOUNT = "- {name: ${name}, mountPath: ${to}, readOnly: true}\n"


class Supply(NamedTuple):
    """What a container of ours needs. `first` is the container before it; it, volumes and mounts are text."""

    image: str
    program: str
    dir: str
    first: str = ""
    volumes: str = ""
    mounts: str = ""


def supply(wish: Wish) -> Supply:
    """What `migrate` and `gate` need."""
    return {"bundle": _bundle, "same-image": _same_image, "copy": _copy, "image-volume": _image_volume}[wish.source](
        wish
    )


def _bundle(wish: Wish) -> Supply:
    why = "Lockmaster with all that it needs, for an image that has nothing of it: no Python, not even a shell"
    volume = names.BUNDLE_VOLUME
    extras = ", --extras" if wish.events else ""  # with what talks to the API server
    first = fill(
        _COPIER, name=names.COPIER, why=why, image=scalar(wish.lockmaster_image), volume=volume, to=names.SHARED,
        command=f"lockmaster, bundle, copy, {names.SHARED}{extras}", security=SECURITY,
    )  # fmt: skip
    mounts, volumes = fill(_MOUNT, name=volume, to=names.BUNDLE), fill(_EMPTY, name=volume)
    return Supply(wish.image, f"{names.BUNDLE}/lockmaster", wish.dir, first, volumes, mounts)


def _same_image(wish: Wish) -> Supply:
    return Supply(wish.image, "lockmaster", wish.dir)


def _copy(wish: Wish) -> Supply:
    why = "the migrations are those of the application's image: copied from it, whatever its tag is"
    inside, to, volume = scalar(literal(f"{wish.dir}/.")), names.MIGRATIONS, names.MIGRATIONS_VOLUME
    first = fill(
        _COPIER, name=names.COPIER, why=why, image=scalar(wish.image), volume=volume, to=names.COPY_TO,
        command=f"cp, -R, {inside}, {names.COPY_TO}", security=SECURITY,
    )  # fmt: skip
    mounts, volumes = fill(_MOUNT, name=volume, to=to), fill(_EMPTY, name=volume)
    return Supply(wish.lockmaster_image, "lockmaster", to, first, volumes, mounts)


def _image_volume(wish: Wish) -> Supply:
    volume = names.MIGRATIONS_VOLUME
    volumes = fill(_IMAGE, name=volume, image=scalar(wish.image))
    mounts = fill(_MOUNT, name=volume, to=names.APP_IMAGE)
    return Supply(wish.lockmaster_image, "lockmaster", names.APP_IMAGE + wish.dir, volumes=volumes, mounts=mounts)


def literal(word: str) -> str:
    """A word of a command as it is: Kubernetes would put a variable's value where it finds its name in `$(...)`."""
    return word.replace("$(", "$$(")
