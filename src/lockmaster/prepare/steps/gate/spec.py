"""The fields of a `gate` step: the settings of `lockmaster gate`."""

from __future__ import annotations

from lockmaster.prepare.database_options import spec_for

Spec = spec_for("gate", "Gate")
Spec.shorthand = "dir"
