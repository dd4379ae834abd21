"""Names that manifests of ours have in common: one place for each."""

from __future__ import annotations

from lockmaster.version import VERSION

PREFIX = "lockmaster.dev/"  # of annotations and labels
IMAGE = f"lockmaster:{VERSION}"  # Lockmaster's image: the program is `lockmaster`, by PATH
CONTAINER = "lockmaster"  # the container that migrates
COPIER = "lockmaster-copy"  # the container that puts files where the next one finds them
BUNDLE_VOLUME = "lockmaster-bundle"  # Lockmaster for containers of other images
BUNDLE = "/lockmaster"  # where that volume is mounted; its program is /lockmaster/lockmaster
BUNDLE_IN_IMAGE = "/lockmaster"  # where Lockmaster's image has its bundle
SHARED = "/shared"  # where a container of our image has the bundle's volume: /lockmaster would hide its own
MIGRATIONS_VOLUME = "lockmaster-migrations"
MIGRATIONS = "/migrations"  # where that volume is mounted, in a container of our image
COPY_TO = "/lockmaster-migrations"  # and in one of the application's, whose own folder may be /migrations
APP_IMAGE = "/app-image"  # where the application's image is mounted as a volume
USER = 10001  # of containers with our image
