"""One value of a command line each: right as it is, or one line that says what is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.manifests.build.wish import Key, Proxy
from lockmaster.settings.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST = (1, 29)  # native sidecars, and failure policies of Jobs, without being asked for
MOST_NAME = 40  # characters; with what is put behind it, it must still be a label (63)

_LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?\Z")
_SPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}\Z")
_DIGEST = re.compile(r"@[a-z0-9+._-]+:[0-9a-f]{32,}\Z")
_IMAGE = re.compile(
    r"([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9._/-]+(:[A-Za-z0-9_][\w.-]{0,127})?(@[a-z0-9+._-]+:[0-9a-f]{32,})?\Z"
)
_VERSION = re.compile(r"v?1\.(\d{1,3})(\.\d+)?([+-].*)?\Z")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]|\{\{")


def choice(text: str, option: str, known: Sequence[str]) -> str:
    """One of these words."""
    if text not in known:
        hint = did_you_mean(text, known) or "choose one of them"
        raise UsageError(f"{option}: {text!r} is not one of {', '.join(known)}", hint=hint)
    return text


def name(text: str, option: str, most: int = MOST_NAME) -> str:
    """The name of a Service, a Deployment, and with something behind it of Jobs."""
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


def namespace(text: str, option: str) -> str:
    """The name of a namespace, which may begin with a digit."""
    return text if not text or _SPACE.match(text) else name(text, option, 63)


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
        raise UsageError(
            f"{option}: {text!r} is no number from {least} to {most}",
            hint=f"for example {option} {min(most, max(least, 3))}",
        )
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


def folder(text: str, kind: str) -> str:
    """The folder in the application's image, from its root on where another image has to find it."""
    if _UNFIT.search(text):
        raise UsageError("--dir: a path with such characters cannot stand in a manifest", hint="rename the folder")
    if kind in ("copy", "image-volume") and not text.startswith("/"):
        hint = f"--dir /app/{text or 'migrations'}, its whole path in the application's image; or --from bundle, which finds it"
        raise UsageError(f"--from {kind}: where the migrations are in the image is not known", hint=hint)
    return text.rstrip("/") or text


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
