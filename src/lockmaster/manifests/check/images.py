"""Names of images, taken apart."""

from __future__ import annotations

from lockmaster.values import NamedTuple

_MOVING = frozenset({"", "latest", "main", "master", "develop", "dev", "edge", "nightly", "head", "canary"})


class Image(NamedTuple):
    """`registry/app:1.2@sha256:...`: repository, tag and digest; empty where they are not written."""

    repository: str
    tag: str
    digest: str

    @property
    def pinned(self) -> bool:
        """Whether the same name means the same image tomorrow, as far as a name can say."""
        return bool(self.digest) or not (self.tag in _MOVING or self.tag.endswith("-latest"))

    @property
    def version(self) -> str:
        """What tells one build from another."""
        return self.digest or self.tag or "latest"


def image(name: str) -> Image:
    """The parts of an image's name."""
    name, _, digest = name.partition("@")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # the colon of a registry's port
        head, tag = name, ""
    return Image(head.removeprefix("docker.io/").removeprefix("library/"), tag, digest)
