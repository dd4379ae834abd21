"""What a container's manifest says that it runs, and with which variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.images import image
from lockmaster.manifests.check.tools import entry_of
from lockmaster.manifests.objects import listed, mapping, text

if TYPE_CHECKING:
    from lockmaster.manifests.objects import Container


def words(container: Container) -> list[str]:
    """What the container runs, with the image's own program in front where the manifest leaves it to the image."""
    if listed(container.root.get("command")):
        return container.words
    return list(entry_of(image(text(container.root.get("image"))).repository, container.words))


def variables(container: Container) -> dict[str, str]:
    """The environment's variables whose values are written there."""
    named = [mapping(one) for one in listed(container.root.get("env"))]
    return {text(one.get("name")): text(one.get("value")) for one in named if "value" in one}
