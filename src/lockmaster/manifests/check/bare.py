"""What a command comes down to: `timeout 600 npx --yes prisma migrate deploy` is `prisma migrate deploy`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.manifests.check.shell import base
from lockmaster.settings.durations import duration
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN = (
    "exec",
    "env",
    "nice",
    "time",
    "nohup",
    "sudo",
    "command",
    "tini",
    "dumb-init",
    "catatonit",
    "docker-entrypoint.sh",
    "--",
)
_AS_USER = ("su-exec", "gosu")
# They fetch secrets into the environment of what stands behind --.
_FETCHERS = ("doppler", "op", "dotenv", "infisical", "chamber", "aws-vault", "aws-env", "vault-env", "sops", "teller")
_OF_NODE = re.compile(r"(prisma|typeorm\S*|knex|sequelize(-cli)?|drizzle-kit|node-pg-migrate|mikro-orm|db-migrate)$")
_RUNNERS = {
    "npm": ("exec", "x"), "pnpm": ("exec", "dlx"), "yarn": ("exec", "dlx"), "bun": ("x",), "bundle": ("exec",),
    "composer": ("exec",), "poetry": ("run",), "uv": ("run",), "pipenv": ("run",), "pdm": ("run",), "rye": ("run",),
    "hatch": ("run",), "conda": ("run",), "micromamba": ("run",),
}  # fmt: skip
_PYTHON = re.compile(r"python[0-9.]*$")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)$")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Bare(NamedTuple):
    """The words without what is only around them."""

    words: tuple[str, ...]
    limit: float | None = None  # seconds, after which something ends it
    locked: bool = False  # runs under `lockmaster exec`
    downloads: bool = False  # by a npx that may fetch the package

    @property
    def text(self) -> str:
        """The words in one line, as the table of tools looks at it."""
        return " ".join(self.words)


def bare(words: Sequence[str]) -> Bare:
    """What is left of a command without its wrappers."""
    found = Bare(tuple(words))
    while found.words and (less := _one_less(found)) is not None:
        found = less
    return found._replace(words=(_program(found.words[0]), *found.words[1:]) if found.words else ())


def _one_less(found: Bare) -> Bare | None:  # noqa: C901, PLR0911, PLR0912 - one per kind of wrapper
    words = found.words
    first, rest = base(words[0]), words[1:]
    if re.match(r"\w+=", first):
        return found._replace(words=rest)
    if first in _PLAIN:
        return found._replace(words=_past_options(rest))
    if first in _FETCHERS and "--" in rest:
        return found._replace(words=rest[rest.index("--") + 1 :])
    if first in ("yarn", "pnpm", "bun") and rest and _OF_NODE.match(rest[0]):  # a program of node_modules/.bin
        return found._replace(words=rest)
    if first == "chpst":
        return found._replace(words=_past_options(rest, ("-u", "-U", "-e", "-n", "-l", "-m")))
    if first in _AS_USER:
        return found._replace(words=rest[1:])
    if first == "timeout":
        rest = _past_options(rest, ("-k", "-s", "--signal", "--kill-after"))
        return found._replace(words=rest[1:], limit=seconds(rest[0]) if rest else None)
    if first in ("npx", "bunx"):
        downloads = first == "npx" and not {"--no-install", "--no", "--offline"} & set(rest)
        return found._replace(words=_past_options(rest, ("-p", "--package", "-c")), downloads=downloads)
    if rest and rest[0] in _RUNNERS.get(first, ()):
        return found._replace(words=_past_options(rest[1:]))
    if _PYTHON.match(first):
        return _of_python(found, rest)
    if first in ("node", "ts-node", "tsx", "php", "ruby") and rest and _scripted(rest):
        return found._replace(words=_past_options(rest))
    if re.match(r"wait[-_]|dockerize$", first):
        return _behind_wait(found, rest)
    if first == "lockmaster" and rest[:1] == ("exec",) and "--" in rest:
        at = rest.index("--")
        limit = flag(rest[:at], "--deadline")
        return found._replace(words=rest[at + 1 :], locked=True, limit=seconds(limit) or found.limit)
    return None


def _behind_wait(found: Bare, rest: tuple[str, ...]) -> Bare | None:
    """`wait-for-it db:5432 -- COMMAND`, `wait-for-deps /scripts/migrate`: what comes when the wait is over."""
    if "--" in rest:
        return found._replace(words=rest[rest.index("--") + 1 :])
    return found._replace(words=rest) if rest and rest[0].startswith(("/", "./")) else None


def _of_python(found: Bare, rest: tuple[str, ...]) -> Bare | None:
    rest = tuple(word for word in rest if word not in ("-u", "-I", "-B", "-O", "-E", "-s"))
    if rest[:1] == ("-c",):  # a program that stands there: nothing is known of it
        return None
    if rest[:1] == ("-m",):
        return found._replace(words=rest[1:])
    return found._replace(words=rest) if rest else None


def _scripted(rest: tuple[str, ...]) -> bool:
    return bool(_past_options(rest)) and rest[0] not in ("-e", "-r", "-p", "--eval")


def _program(word: str) -> str:
    name = base(word)
    if word.endswith(("node_modules/prisma/build/index.js", "node_modules/.bin/prisma")):
        return "prisma"
    return name.removesuffix(".js") if "node_modules" in word else name


def _past_options(words: tuple[str, ...], with_value: tuple[str, ...] = ()) -> tuple[str, ...]:
    while words and words[0].startswith("-"):
        words = words[2 if words[0] in with_value else 1 :]
    return words


def flag(words: Sequence[str], name: str) -> str:
    """The value of an option: `--deadline 5m`, `--deadline=5m`; empty where it is not given."""
    for number, word in enumerate(words):
        if word == name and number + 1 < len(words):
            return words[number + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def seconds(text: str) -> float | None:
    """`600`, `10m`, `1m30s`; None for no limit and for what is no time."""
    if match := _DURATION.match(text):
        return float(match[1]) * _UNITS[match[2]] or None
    try:
        return duration(text) or None
    except UsageError:
        return None
