"""What a person asks of `inject`, and what is said while it is done."""

from __future__ import annotations

import re
from typing import Literal

from lockmaster.errors import UsageError
from lockmaster.manifests import names
from lockmaster.values import NamedTuple

SOURCES = ("bundle", "same-image", "copy", "image-volume", "configmap")


class Wish(NamedTuple):
    """One wish, by flags or by a functionConfig. Empty text is what was not said."""

    workloads: tuple[str, ...] = ()  # KIND/NAME, or NAME
    all: bool = False
    container: str = ""
    wrap: str = ""
    replace: str = ""
    remove: bool = False
    where: str = ""  # last
    source: str = ""  # --from
    kubernetes_version: str = ""
    image: str = names.IMAGE
    deadline: str = "15m"  # as kube build has it
    dir: str = ""
    url_env: str = ""
    gate: bool = False
    command: str = ""
    options: tuple[str, ...] = ()  # more for migrate, gate or exec

    @property
    def mode(self) -> Literal["add", "wrap", "replace"]:
        """Which of the three ways."""
        return "wrap" if self.wrap else "replace" if self.replace else "add"

    @property
    def has_image_volumes(self) -> bool:
        """Whether the cluster has image volumes without anybody's doing: from Kubernetes 1.35."""
        found = re.match(r"v?(\d+)\.(\d+)", self.kubernetes_version)
        return found is not None and (int(found[1]), int(found[2])) >= (1, 35)


class Note(NamedTuple):
    """Something to say that stops nothing. `place` is `deploy.yaml:12`."""

    place: str
    text: str
    hint: str = ""
    warning: bool = False


def checked(wish: Wish) -> Wish:
    """The wish, if its parts go together; else UsageError."""
    if wish.wrap and wish.replace:
        raise UsageError(
            "--wrap and --replace: one of them", hint="--wrap keeps the command, --replace does without it"
        )
    if wish.source and wish.source not in SOURCES:
        raise UsageError(f"--from {wish.source} is not known", hint=f"there are {', '.join(SOURCES)}")
    if wish.wrap and wish.source in ("copy", "configmap"):
        hint = "the command has its migrations already; --from bundle, image-volume or same-image says how Lockmaster comes there"
        raise UsageError(f"--wrap with --from {wish.source}", hint=hint)
    if wish.wrap and wish.gate:
        raise UsageError("--wrap with --gate", hint="a gate runs no command: leave one of them out")
    if wish.command and not wish.wrap:
        raise UsageError("--command is for --wrap", hint="it says what the image runs where the manifest does not")
    if wish.where and not re.fullmatch(r"first|last|(after|before):.+", wish.where):
        raise UsageError(f"--where {wish.where} is not known", hint="first, last, after:NAME or before:NAME")
    if wish.where and wish.mode != "add":
        raise UsageError(f"--where with --{wish.mode}", hint=f"the container stays where it is: --{wish.mode} alone")
    if wish.kubernetes_version and not re.match(r"v?\d+\.\d+", wish.kubernetes_version):
        raise UsageError(f"--kubernetes-version {wish.kubernetes_version} is no version", hint="as in 1.35 or v1.34.2")
    if not wish.image:
        raise UsageError("--image is empty", hint=f"as in {names.IMAGE}")
    return wish
