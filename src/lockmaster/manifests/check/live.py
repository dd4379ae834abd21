"""Objects as they are in a cluster, looked at as if they stood in manifests. Their places are paths, not lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.manifests.objects import mapping
from lockmaster.manifests.stream import Document, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lockmaster.manifests.objects import Path


class Living(Document):
    """One object of a cluster."""

    def __init__(self, root: Any) -> None:
        """`root` is what the API server gave."""
        metadata = mapping(root.get("metadata"))
        parts = (root.get("kind"), metadata.get("namespace"), metadata.get("name"))
        self.name = "/".join(str(part) for part in parts if part)
        self.root, self.is_json = root, True

    def place(self, path: Path) -> str:
        """`Deployment/shop/web: spec.template.spec`."""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
        return f"{self.name}: {text.removeprefix('.')}" if path else self.name

    def mark(self, path: Path) -> tuple[int, int]:  # noqa: ARG002 - as of any document
        """Nowhere."""
        return 0, 0

    def source(self, line: int) -> str:  # noqa: ARG002 - likewise
        """Nothing."""
        return ""


class Snapshot(Stream):
    """What a cluster had when it was looked at."""

    def __init__(self, items: Iterable[Any]) -> None:
        """Objects that a controller made for another one are left out: the other one has the same pods."""
        self.name = "cluster"
        self.documents = [Living(item) for item in items if not _owned(item)]


def _owned(item: Any) -> bool:
    owners = mapping(item.get("metadata")).get("ownerReferences")
    kept = item.get("kind") == "HorizontalPodAutoscaler"  # made by KEDA for a ScaledObject, it says the same
    return not kept and any(mapping(owner).get("controller") for owner in _each(owners))


def _each(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else ()
