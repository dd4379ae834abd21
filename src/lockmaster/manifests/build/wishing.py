"""From the words of a command line to a `Wish`, or to one line that says what is wrong with them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.manifests import names
from lockmaster.manifests.build.wish import IMAGE_VOLUMES, SOURCES, Key, Proxy, Wish
from lockmaster.settings.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockmaster.settings.options import Options

OLDEST = (1, 29)  # native sidecars, and failure policies of Jobs, without being asked for
MOST_NAME = 40  # characters; with what is put behind it, it must still be a label (63)

_LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}\Z")
_DIGEST = re.compile(r"@[a-z0-9+._-]+:[0-9a-f]{32,}\Z")
_IMAGE = re.compile(
    r"([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9._/-]+(:[A-Za-z0-9_][\w.-]{0,127})?(@[a-z0-9+._-]+:[0-9a-f]{32,})?\Z"
)
_VERSION = re.compile(r"v?1\.(\d{1,3})(\.\d+)?([+-].*)?\Z")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]|\{\{")

# What a container is told of lockmaster.yaml.
_PASSED = (
    "format", "to", "schema", "history_schema", "pooler", "wait_for_database", "ahead", "checksum", "out_of_order",
    "wait_for_turn", "ddl_lock_timeout", "ddl_lock_budget", "statement_timeout", "recover",
)  # fmt: skip
_MESHES = ("istio", "linkerd")


def wishing(flags: Mapping[str, str], args: Sequence[str], options: Options, settings: Mapping[str, str]) -> Wish:
    """The wish of a command line. `settings` is what lockmaster.yaml says about migrating."""
    title = name(flags.get("name", ""), "--name")
    known = version(flags.get("kubernetes_version", ""))
    where = source(flags.get("from", ""), known)
    space, mesh = flags.get("namespace", ""), flags.get("mesh", "")
    return Wish(
        name=title,
        image=image(flags.get("image", ""), "--image"),
        lockmaster_image=image(flags.get("lockmaster_image", names.IMAGE), "--lockmaster-image"),
        source=where,
        dir=folder(options.dir, where),
        secret=secret(flags.get("secret", ""), "--secret", f"{title}-database"),
        migration_secret=secret(flags.get("migration_secret", ""), "--migration-secret", f"{title}-database-owner"),
        namespace=space and name(space, "--namespace", 63),
        replicas=number(flags.get("replicas", "3"), "--replicas", 1, 1000),
        port=number(flags.get("port", "8080"), "--port", 1, 65535),
        deadline=deadline(options.deadline),
        settings=passed(settings),
        proxy=proxy(flags.get("proxy", ""), args, flags.get("proxy_port", "")),
        mesh=choice(mesh, "--mesh", _MESHES) if mesh else "",  # type: ignore[arg-type]
    )


def choice(text: str, option: str, known: Sequence[str]) -> str:
    """One of these words."""
    if text not in known:
        hint = did_you_mean(text, known) or "choose one of them"
        raise UsageError(f"{option}: {text!r} is not one of {', '.join(known)}", hint=hint)
    return text


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
        (table[key].flag, value(settings[key], key), table[key].taken_by("gate")) for key in _PASSED if key in settings
    )


def name(text: str, option: str, most: int = MOST_NAME) -> str:
    """The name of a Service, a Deployment, a namespace, and with something behind it of Jobs."""
    if not text:
        raise UsageError(f"{option} is missing", hint=f"{option} web")
    if len(text) > most:
        raise UsageError(f"{option}: {text!r} is longer than {most} characters", hint="Jobs and pods add to it")
    if not _LABEL.match(text):
        near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-0123456789")
        raise UsageError(
            f"{option}: {text!r} is no name for objects of Kubernetes",
            hint=f"small letters, digits and -, a letter first{f': {near}' if near else ''}",
        )
    return text


def image(text: str, option: str) -> str:
    """An image with a tag that names one build, or a digest."""
    if not text:
        raise UsageError(f"{option} is missing", hint=f"{option} registry.example/web:1.2")
    if not _IMAGE.match(text):
        raise UsageError(f"{option}: {text!r} is no reference of an image", hint="for example registry.example/web:1.2")
    tag = text.rpartition("/")[2].partition(":")[2]
    if not _DIGEST.search(text) and tag in ("", "latest"):
        raise UsageError(
            f"{option}: {text} may be another build tomorrow",
            hint="a tag that names one build (web:1.2), or a digest: pods of one roll-out must agree on the migrations",
        )
    return text


def secret(text: str, option: str, fallback: str) -> Key:
    """`NAME` or `NAME/KEY`; the key is `url` unless it is said."""
    wanted, _, key = (text or fallback).partition("/")
    if not _SUBDOMAIN.match(wanted) or not _KEY.match(key or "url"):
        raise UsageError(f"{option}: {text!r} is no Secret", hint=f"NAME or NAME/KEY, for example {fallback}/url")
    return Key(wanted, key or "url")


def number(text: str, option: str, least: int, most: int) -> str:
    """A whole number between two others."""
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise UsageError(f"{option}: {text!r} is no number from {least} to {most}", hint=f"for example {option} 3000")
    return str(int(text))


def version(text: str) -> tuple[int, int]:
    """`1.36`, `v1.36.3`; (0, 0) where nothing is said."""
    if not text:
        return 0, 0
    match = _VERSION.match(text)
    if not match:
        raise UsageError(
            f"--kubernetes-version: {text!r} is no version of Kubernetes", hint="kubectl version says it: 1.36"
        )
    found = 1, int(match[1])
    if found < OLDEST:
        raise UsageError(
            f"Kubernetes {text} is too old for these manifests",
            hint="failure policies of Jobs and native sidecars need 1.29 or later",
        )
    return found


def source(text: str, known: tuple[int, int]) -> str:
    """Where a container of Lockmaster's image gets the migrations: an image volume where that is sure to work."""
    if not text or text == "auto":
        return "image-volume" if known >= IMAGE_VOLUMES else "copy"
    if choice(text, "--from", SOURCES) == "image-volume" and (0, 0) < known < (1, 33):
        raise UsageError(f"Kubernetes 1.{known[1]} has no image volumes", hint="--from copy")
    return text


def folder(text: str, kind: str) -> str:
    """The folder in the application's image; a relative one is relative to /app where no working directory helps."""
    if _UNFIT.search(text):
        raise UsageError("--dir: a path with such characters cannot stand in a manifest", hint="rename the folder")
    if kind == "same-image" or text.startswith("/"):
        return text.rstrip("/") if len(text) > 1 else text
    return f"/app/{(text or 'migrations').strip('/')}".replace("/./", "/")


def value(text: str, what: str) -> str:
    """Any other text that is put into a manifest."""
    if _UNFIT.search(text):
        raise UsageError(f"{what}: a value with such characters cannot stand in a manifest", hint="leave them out")
    return text


def proxy(image_text: str, args: Sequence[str], port: str) -> Proxy | None:
    """The proxy to the database, if there is to be one."""
    if not image_text:
        if args or port:
            raise UsageError("--proxy-arg and --proxy-port need a --proxy", hint="--proxy IMAGE")
        return None
    return Proxy(
        image(image_text, "--proxy"),
        tuple(value(arg, "--proxy-arg") for arg in args),
        int(number(port or "5432", "--proxy-port", 1, 65535)),
    )
