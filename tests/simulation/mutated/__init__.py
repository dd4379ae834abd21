"""Engines with one defect each, which the simulation has to catch.

Patches, never edits: what is not patched is ours. Each is a mistake that a migration tool could well make.
"""

from tests.simulation.mutated import applying, gating, pieces, turn
from tests.simulation.mutated.registry import MUTATIONS, Mutation

__all__ = ["MUTATIONS", "Mutation", "applying", "gating", "pieces", "turn"]
