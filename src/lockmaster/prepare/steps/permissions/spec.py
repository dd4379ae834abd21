"""The fields of a `permissions` step."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


def _about(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Permissions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to have which owner and which mode."""

    path: Annotated[str | list[str], _about("a file or folder, or a list of them")]
    owner: Annotated[str | int, _about("user, or user:group, by number or name: 999, 999:999, app:app, :999")] = ""
    group: Annotated[str | int, _about("group, by number or name")] = ""
    mode: Annotated[str | int, _about("mode as chmod takes it, octal or symbolic: 0640, u=rwX,g=rX,o=")] = ""
    file_mode: Annotated[str | int, _about("mode of what is no folder, in place of mode")] = ""
    dir_mode: Annotated[str | int, _about("mode of folders, in place of mode")] = ""
    recursive: Annotated[bool, _about("everything below a folder too")] = False
    exclude: Annotated[
        str | list[str], _about("what to leave alone: a pattern without / is a name, with / a path below the folder")
    ] = ()  # type: ignore[assignment] # read only
    create: Annotated[bool, _about("make the folder, and those above it, where it is missing")] = False
    follow: Annotated[bool, _about("path may be, or lead through, a symbolic link; below it none is ever followed")] = (
        False
    )
    one_file_system: Annotated[bool, _about("leave what is mounted below the folder alone")] = True
    hard_links: Annotated[
        Literal["refuse", "skip", "allow"],
        _about(
            "files with several names, of which one may be outside: change none and fail, change none, or change them"
        ),
    ] = "refuse"
    check: Annotated[bool, _about("change nothing; exit 3 if something would be changed")] = False


Spec = Permissions
