"""The fields of a `render` step."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec


def _about(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Render(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"source": "from", "target": "to"}
):
    """Which templates become which files, with which values."""

    source: Annotated[str, _about("a template, or a folder of them")]
    target: Annotated[str, _about("the file to write; a folder, where `from` is one or where it ends with /")]
    engine: Annotated[
        Literal["auto", "jinja", "envsubst"],
        _about("auto: jinja for .j2, .jinja and .jinja2, else envsubst (in a folder only for .template and .envsubst)"),
    ] = "auto"
    vars: Annotated[
        str | list[str],
        _about(
            "YAML, JSON, TOML or .env files, or folders (mounted Secrets and ConfigMaps); NAME=PATH puts one under a name"
        ),
    ] = ()  # type: ignore[assignment] # read only
    values: Annotated[
        dict[str, Any], _about("values by name; stronger than vars, which are stronger than variables")
    ] = {}
    only: Annotated[
        str | list[str], _about("the variables that envsubst may replace; all others stay as they are")
    ] = ()  # type: ignore[assignment]
    validate: Annotated[
        str | list[str], _about("json, yaml, toml, xml, or a command with {} where the new file is; all must pass")
    ] = ()  # type: ignore[assignment]
    mode: Annotated[
        str | int, _about("mode of the new file, as chmod takes it; default: that of the file it replaces, else 0644")
    ] = ""
    owner: Annotated[str | int, _about("its user, or user:group; default: that of the file it replaces")] = ""
    check: Annotated[bool, _about("write nothing; exit 3 if something would be written")] = False
    diff: Annotated[bool, _about("show what changes, secrets masked")] = False

    verbatim: ClassVar[frozenset[str]] = frozenset({"only"})


Spec = Render
