"""The fields of a `migrate` step: the settings of `lockmaster migrate`."""

from __future__ import annotations

from lockmaster.prepare.database_options import spec_for

Spec = spec_for("migrate", "Migrate")
Spec.shorthand = "dir"
