"""What a Prisma project says about itself: prisma.config.ts, package.json and the datasource, read as text.

prisma.config.ts is a program. It is not run: plain strings in it, and `path.join` of plain strings, are understood.
"""

from __future__ import annotations

import os.path
import re

from lockmaster.errors import UsageError
from lockmaster.formats import files
from lockmaster.values import NamedTuple

_SUFFIXES = ("js", "ts", "mjs", "cjs", "mts", "cts")  # @prisma/config, SUPPORTED_EXTENSIONS
_TOKEN = re.compile(r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|//[^\n]*|/\*.*?\*/""", re.DOTALL)
_STRING = r"""(?:"([^"\\\n]*)"|'([^'\\\n]*)'|`([^`\\$]*)`)"""
_JOINED = re.compile(r"(?:[\w.]+\.)?(?:join|resolve)\(\s*(?:(?:__dirname|import\.meta\.dirname)\s*,\s*)?([^()]*)\)")
_ENV = r"""(?:env(?:<[^>]*>)?\(\s*["'](\w+)["']\s*\)|process\.env\.(\w+)|process\.env\[["'](\w+)["']\])"""


class Config(NamedTuple):
    """Paths as the configuration names them, absolute or from where we are; empty where it does not."""

    schema: str
    migrations: str
    origin: str
    url_env: str = ""
    direct_url_env: str = ""


class Datasource(NamedTuple):
    """The datasource block of a schema. A URL that is written into it is not kept: it may hold a password."""

    provider: str = ""
    url_env: str = ""
    direct_url_env: str = ""


def of_config_file(start: str, *, paths: bool = True) -> Config | None:
    """prisma.config.* or .config/prisma.*; its paths are relative to itself. None where there is none.

    Raises UsageError for paths that are computed; without `paths` they are not looked at.
    """
    for stem in ("prisma.config", ".config/prisma"):
        for suffix in _SUFFIXES:
            path = os.path.join(start, f"{stem}.{suffix}")
            content = files.content(path)
            if content is not None:
                return _config(path, content.decode("utf-8", "replace"), paths=paths)
    return None


def _config(path: str, text: str, *, paths: bool) -> Config:
    text = _TOKEN.sub(lambda token: "" if token[0].startswith(("//", "/*")) else token[0], text)
    inner = {name: _block(text, name) for name in ("migrations", "datasource")}
    outer = text
    for block in inner.values():
        outer = outer.replace(block, "") if block else outer
    url, direct = (re.search(rf"\b{key}\s*:\s*{_ENV}", inner["datasource"]) for key in ("url", "directUrl"))
    return Config(
        schema=_path(path, outer, "schema") if paths else "",
        migrations=_path(path, inner["migrations"], "path") if paths else "",
        origin=path,
        url_env=_first(url),
        direct_url_env=_first(direct),
    )


def _block(text: str, name: str) -> str:
    """`{...}` after `name:`, braces counted; empty where there is none."""
    start = re.search(rf"\b{name}\s*:\s*\{{", text)
    if not start:
        return ""
    depth = 0
    for at in range(start.end() - 1, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if not depth:
            return text[start.end() - 1 : at + 1]
    return ""


def _path(config: str, text: str, key: str) -> str:
    """The path that `key` names, from the folder of the configuration. Raises UsageError for what is no plain path."""
    found = re.search(rf"(?<![\w.]){key}\s*:\s*", text)
    if not found:
        return ""
    value = text[found.end() :]
    if plain := re.match(rf"{_STRING}\s*(?=[,}}\n]|$)", value):
        return _beside(config, _first(plain))
    if (joined := _JOINED.match(value)) and re.fullmatch(rf"\s*{_STRING}(?:\s*,\s*{_STRING})*\s*,?\s*", joined[1]):
        parts = [_first(part) for part in re.finditer(_STRING, joined[1])]
        return _beside(config, os.path.join(*parts))
    raise UsageError(
        f"{config}: {key!r} is computed, and this program is not run", hint="name the folder of migrations with --dir"
    )


def _beside(config: str, path: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(config), path))


def _first(found: re.Match[str] | None) -> str:
    return next((group for group in found.groups() if group), "") if found else ""


def of_package(start: str) -> Config | None:
    """`"prisma": {"schema": ...}` of the nearest package.json, upwards; the path is relative to that file."""
    here = os.path.abspath(start)
    while not os.path.isfile(path := os.path.join(here, "package.json")):
        if here == os.path.dirname(here):
            return None
        here = os.path.dirname(here)
    content = files.content(path) or b""
    if b'"prisma"' not in content:
        return None
    import json

    try:
        settings = json.loads(content).get("prisma")
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{path} is not JSON: {error}", hint="correct it, or give --dir") from error
    schema = settings.get("schema") if isinstance(settings, dict) else None
    return Config(_beside(path, schema), "", path) if isinstance(schema, str) else None


def datasource_file(schema: str) -> tuple[str, Datasource]:
    """The file of the schema (a file, or a folder of files) that holds the datasource, and what it says."""
    paths = [schema]
    if os.path.isdir(schema):
        below = sorted(os.path.join(top, name) for top, _, names in os.walk(schema) for name in names)
        paths = [path for path in below if path.endswith(".prisma")]
    for path in paths:
        text = (files.content(path) or b"").decode("utf-8", "replace")
        if block := re.search(r"^[ \t]*datasource\s+\w+\s*\{(.*?)^[ \t]*\}", text, re.DOTALL | re.MULTILINE):
            return path, _datasource(block[1])
    # Without one (Prisma 7 may keep it in prisma.config.ts) the migrations are beside the schema.
    return (os.path.join(schema, "schema.prisma") if os.path.isdir(schema) else schema), Datasource()


def _datasource(block: str) -> Datasource:
    def value(key: str, pattern: str) -> str:
        # From the start of the line: what is commented out does not match.
        return _first(re.search(rf"^[ \t]*{key}\s*=\s*{pattern}", block, re.MULTILINE))

    env = r"""env\(\s*"(\w+)"\s*\)"""
    return Datasource(value("provider", r'"(\w+)"'), value("url", env), value("directUrl", env))
