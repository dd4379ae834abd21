"""Names that manifests made here have in common: an interface, for people's clusters hold them."""

from __future__ import annotations

PREFIX = "lockmaster.dev/"  # of labels and annotations
IMAGE = "lockmaster/lockmaster"  # Lockmaster's own image, without its tag
UID = 10001  # user and group of its image, and of what runs beside it
MIGRATIONS = "/migrations"  # where a container of its image finds the migrations
RULES = "https://lockmaster.dev/kubernetes/rules/"  # the pages of docs/kubernetes/rules, each by its rule's name
