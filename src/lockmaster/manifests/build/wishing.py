"""From the words of a command line to a `Wish`, or to one line that says what is wrong with them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.manifests import names
from lockmaster.manifests.build import valid
from lockmaster.manifests.build.wish import IMAGE_VOLUMES, SOURCES, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockmaster.settings.options import Options

# What a container is told of lockmaster.yaml.
_PASSED = (
    "format", "to", "schema", "history_schema", "pooler", "wait_for_database", "ahead", "checksum", "out_of_order",
    "wait_for_turn", "ddl_lock_timeout", "ddl_lock_budget", "statement_timeout", "recover",
)  # fmt: skip
_MESHES = ("istio", "linkerd")


def wishing(flags: Mapping[str, str], args: Sequence[str], options: Options, settings: Mapping[str, str]) -> Wish:
    """The wish of a command line. `settings` is what lockmaster.yaml says about migrating."""
    title = valid.name(flags.get("name", ""), "--name")
    known = valid.version(flags.get("kubernetes_version", ""))
    where = source(flags.get("from", ""), known, whole=options.dir.startswith("/"))
    space, mesh = flags.get("namespace", ""), flags.get("mesh", "")
    return Wish(
        name=title,
        image=valid.image(flags.get("image", ""), "--image"),
        lockmaster_image=valid.image(flags.get("lockmaster_image", names.IMAGE), "--lockmaster-image"),
        source=where,
        dir=valid.folder(options.dir, where),
        secret=valid.secret(flags.get("secret", ""), "--secret", f"{title}-database"),
        migration_secret=valid.secret(
            flags.get("migration_secret", ""), "--migration-secret", f"{title}-database-owner"
        ),
        namespace=valid.namespace(space, "--namespace"),
        replicas=valid.number(flags.get("replicas", "3"), "--replicas", 1, 1000),
        port=valid.number(flags.get("port", "8080"), "--port", 1, 65535),
        deadline=deadline(options.deadline),
        settings=passed(settings),
        proxy=valid.proxy(flags.get("proxy", ""), args, flags.get("proxy_port", "")),
        events=flags.get("events") == "true",
        mesh=valid.choice(mesh, "--mesh", _MESHES) if mesh else "",  # type: ignore[arg-type]
    )


def deadline(seconds: float | None) -> int:
    """A Job and a roll-out have one in any case: so the migration has one, too."""
    if not seconds:
        hint = "longer than the longest migration may take: --deadline 2h"
        raise UsageError("--deadline: without one, Kubernetes would end the migration without a word", hint=hint)
    return max(10, math.ceil(seconds))


def passed(settings: Mapping[str, str]) -> tuple[tuple[str, str, bool], ...]:
    """Flags for the containers, each with whether `gate` takes it."""
    from lockmaster.settings.table import OPTIONS

    table = {option.key: option for option in OPTIONS}
    return tuple(
        (table[key].flag, valid.value(settings[key], key), table[key].taken_by("gate"))
        for key in _PASSED
        if key in settings
    )


def source(text: str, known: tuple[int, int], *, whole: bool) -> str:
    """Where the migrations come from; by ourselves an image volume, where that is sure to work, else the bundle."""
    if not text or text == "auto":
        return "image-volume" if known >= IMAGE_VOLUMES and whole else "bundle"
    if valid.choice(text, "--from", SOURCES) == "image-volume" and (0, 0) < known < (1, 33):
        raise UsageError(f"Kubernetes 1.{known[1]} has no image volumes", hint="--from bundle, or copy")
    return text
