"""What an `exec` is told, as plain values: by the command line, which has no need of the classes of lockmaster.yaml."""

from __future__ import annotations

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Asked(NamedTuple):
    """The fields of `spec.Spec` that are not settings; a test holds the two together."""

    command: tuple[str, ...]
    once: str = ""
    once_of: tuple[str, ...] = ()
    always: bool = False
    retry_on: str = ""
    retries: int = 3
    grace: float = 10.0
    export_url: str = ""
    end_orphans: bool = False
    lease: str = ""


class Order(NamedTuple):
    """What is to be run, and how its end is understood."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    folder: str
    shown: str  # the command line as people may see it
    retry_on: frozenset[int]
    retries: int
    grace: float
