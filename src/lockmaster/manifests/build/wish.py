"""What manifests are wanted. Every value in it may stand in a manifest: `wishing` has looked at it."""

from __future__ import annotations

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

Source = str  # one of SOURCES
SOURCES = ("bundle", "same-image", "copy", "image-volume")
IMAGE_VOLUMES = (1, 35)  # the first Kubernetes that has them without being asked


class Key(NamedTuple):
    """One key of a Secret."""

    secret: str
    key: str


class Proxy(NamedTuple):
    """A proxy to the database, as a native sidecar."""

    image: str
    args: tuple[str, ...]
    port: int


class Wish(NamedTuple):
    """What is wanted. In a Helm chart, names and numbers may be expressions of its templates."""

    name: str
    image: str  # the application's
    lockmaster_image: str
    source: Source
    dir: str  # of the migrations, in the application's image; "" is found by Lockmaster, in the working directory
    secret: Key  # the URL of the role that the application has
    migration_secret: Key  # the URL of the role that owns the tables
    namespace: str = ""
    replicas: str = "3"
    port: str = "8080"
    deadline: int = 900  # seconds
    settings: tuple[tuple[str, str, bool], ...] = ()  # flag, value, whether `gate` takes it too
    proxy: Proxy | None = None
    mesh: Literal["", "istio", "linkerd"] = ""
    events: bool = False  # whether migrations are told as Events

    @property
    def limit(self) -> int:
        """Seconds that a migration may need with one repetition: a node may be drained in its last second."""
        return 2 * self.deadline + 300
