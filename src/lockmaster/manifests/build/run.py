"""All patterns by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

PATTERNS = ("init", "job-and-gate", "helm-hook", "argo-presync", "flux")


def build(pattern: str, wish: Wish) -> dict[str, str]:
    """The files of a pattern: their names, relative to the folder they go to, and their text."""
    module = importlib.import_module(f"lockmaster.manifests.build.patterns.{pattern.replace('-', '_')}")
    return cast("dict[str, str]", module.build(wish))
