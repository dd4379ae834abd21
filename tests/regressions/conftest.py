"""The same laboratory as the facts have."""

from tests.facts.conftest import lab, lite

__all__ = ["lab", "lite"]
