"""The little of ELF (64 bit, little-endian) that is needed: the loader that a program asks for, and its search paths."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"\x7fELF\x02\x01"
_DYNAMIC, _INTERP = 2, 3  # p_type
_NULL, _RPATH, _RUNPATH = 0, 15, 29  # d_tag
_PROGRAM = struct.Struct("<IIQQQQQQ")
_ENTRY = struct.Struct("<qQ")


def is_elf(path: Path) -> bool:
    """Whether it is a program or library that this file understands."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def loader(path: Path) -> str:
    """The path of the loader that the program names; "" for a library and for a static program."""
    data = path.read_bytes()
    for kind, offset, size in _segments(data):
        if kind == _INTERP:
            return data[offset : offset + size].rstrip(b"\0").decode()
    return ""


def drop_search_paths(path: Path) -> None:
    """Take RPATH and RUNPATH out: folders of the machine that built it, which the loader would look into elsewhere."""
    data = bytearray(path.read_bytes())
    for kind, offset, size in _segments(data):
        if kind == _DYNAMIC:
            entries = [_ENTRY.unpack_from(data, offset + at) for at in range(0, size - size % _ENTRY.size, _ENTRY.size)]
            kept = [entry for entry in entries if entry[0] not in (_RPATH, _RUNPATH)]
            if len(kept) == len(entries):
                continue
            kept += [(_NULL, 0)] * (len(entries) - len(kept))
            for index, entry in enumerate(kept):
                _ENTRY.pack_into(data, offset + index * _ENTRY.size, *entry)
            path.write_bytes(data)


def _segments(data: bytes | bytearray) -> Iterator[tuple[int, int, int]]:
    """(type, offset, size in the file) of each segment."""
    start = struct.unpack_from("<Q", data, 32)[0]
    size, count = struct.unpack_from("<HH", data, 54)
    for index in range(count):
        kind, _, offset, _, _, length, _, _ = _PROGRAM.unpack_from(data, start + index * size)
        yield kind, offset, length
