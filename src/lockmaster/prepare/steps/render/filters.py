"""Filters for Jinja: a value written as the format around it needs it, whatever is in it.

Those that Jinja has itself are there too (default, join, indent, ...). Its `urlencode` keeps the slash and its `tojson`
is for HTML; `url` and `json` are for configuration.
"""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import TemplateRuntimeError

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_INI_SPECIAL = re.compile(r"[;#\"'\\=\t]|^\s|\s$|^$")


class _WrongValueError(TemplateRuntimeError):
    pass


def url(value: Any) -> str:
    """Percent-encoded, for any part of a URL: a password with / @ and : in it."""
    from urllib.parse import quote

    return quote(value if isinstance(value, bytes) else _text(value), safe="")


def b64encode(value: Any) -> str:
    """Base64 of the value as UTF-8, or of its bytes."""
    from base64 import b64encode as encode

    return encode(value if isinstance(value, bytes) else _text(value).encode()).decode()


def b64decode(value: Any) -> str:
    """The text that was encoded."""
    from base64 import b64decode as decode

    try:
        return decode(_text(value), validate=True).decode()
    except ValueError:
        raise _WrongValueError("b64decode: the value is not Base64 of a text") from None


def json(value: Any, indent: int | None = None) -> str:
    """JSON, of any value."""
    from json import dumps

    try:
        return dumps(_plain(value), ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError as error:
        raise _WrongValueError(f"json: {error}") from None


def yaml(value: Any, indent: int | None = None) -> str:
    """YAML in one line; with `indent` in several, all but the first one moved to the right by so many blanks."""
    if indent is None:
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json(value))
    from io import StringIO

    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style, writer.width, writer.allow_unicode = False, 1 << 20, True
    stream = StringIO()
    writer.dump(_plain(value), stream)
    return ("\n" + " " * indent).join(stream.getvalue().removesuffix("...\n").rstrip("\n").split("\n"))


def toml(value: Any) -> str:
    """A TOML value in one line."""
    value = _plain(value)
    if isinstance(value, str):
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json(value))
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml_key(str(key))} = {toml(item)}" for key, item in value.items()) + "}"
    if value is None:
        raise _WrongValueError("toml: it has no null")
    return json(value)


def xml(value: Any) -> str:
    """For text, and for attributes in quotes of either kind."""
    text = _text(value)
    if _NOT_XML.search(text):
        raise _WrongValueError("xml: the value has a character that XML cannot hold")
    for char, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "apos")):
        text = text.replace(char, f"&{name};")
    return text.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")


def shell(value: Any) -> str:
    """One word for a POSIX shell; a list is one word for each of its values."""
    from shlex import quote

    value = _plain(value)
    words = [_text(item) for item in value] if isinstance(value, list) else [_text(value)]
    if any("\0" in word for word in words):
        raise _WrongValueError("shell: the value has a NUL in it")
    return " ".join(map(quote, words))


def ini(value: Any) -> str:
    """A value of an ini file, in double quotes where it needs them, as MySQL, systemd, git and PHP read it."""
    text = _text(value)
    if re.search("[\r\n\0]", text):
        raise _WrongValueError("ini: a value is one line, and this one has several")
    if not _INI_SPECIAL.search(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def properties(value: Any) -> str:
    """A key or a value of a Java properties file."""
    escaped = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"} | {
        char: f"\\{char}" for char in "=:#!"
    }
    parts = [escaped.get(char) or _java(char) for char in _text(value)]
    blanks = next((number for number, part in enumerate(parts) if part != " "), len(parts))
    return "\\ " * blanks + "".join(parts[blanks:])


def _java(char: str) -> str:
    if " " <= char <= "~":
        return char
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _text(value: Any) -> str:
    """A value as text: numbers as they are, true and false as all formats write them."""
    value = _plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise _WrongValueError(f"the value is no text: {type(value).__name__}")


def _plain(value: Any) -> Any:
    """The value, with an error for what is not set anywhere in it, and for what no format has."""
    if isinstance(value, Undefined):
        str(value)  # raises, and names it
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        raise _WrongValueError("the value is binary: b64encode makes it text")
    if value is None or isinstance(value, str | int | float):
        return value if type(value) in (str, int, float, bool, type(None)) else str(value)
    if hasattr(value, "__iter__"):  # what filters like map and select make
        return [_plain(item) for item in value]
    raise _WrongValueError(f"the value is no data: {type(value).__name__}")


def _toml_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else toml(key)


FILTERS = {
    "url": url, "b64encode": b64encode, "b64decode": b64decode, "json": json, "yaml": yaml, "toml": toml, "xml": xml,
    "shell": shell, "ini": ini, "properties": properties,
}  # fmt: skip
