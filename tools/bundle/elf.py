"""The little of ELF (64 bit, little-endian) that is needed: the loader that a program asks for, and its search paths."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"\x7fELF\x02\x01"
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3  # p_type
_NULL, _STRINGS, _RPATH, _RUNPATH = 0, 5, 15, 29  # d_tag
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


def search_paths(path: Path) -> list[str]:
    """The folders of RPATH and RUNPATH."""
    data = path.read_bytes()
    entries = [
        entry for kind, offset, size in _segments(data) if kind == _DYNAMIC for entry in _entries(data, offset, size)
    ]
    strings = next((_offset(data, address) for tag, address in entries if tag == _STRINGS), 0)
    texts = [data[strings + at : data.index(b"\0", strings + at)] for tag, at in entries if tag in (_RPATH, _RUNPATH)]
    return [folder for text in texts for folder in text.decode().split(":") if folder]


def drop_search_paths(path: Path) -> None:
    """Take RPATH and RUNPATH out: folders of the machine that built it, which the loader would look into elsewhere."""
    data = bytearray(path.read_bytes())
    for kind, offset, size in _segments(data):
        if kind == _DYNAMIC:
            entries = _entries(data, offset, size)
            kept = [entry for entry in entries if entry[0] not in (_RPATH, _RUNPATH)]
            if len(kept) == len(entries):
                continue
            kept += [(_NULL, 0)] * (len(entries) - len(kept))
            for index, entry in enumerate(kept):
                _ENTRY.pack_into(data, offset + index * _ENTRY.size, *entry)
            path.write_bytes(data)


def _entries(data: bytes | bytearray, offset: int, size: int) -> list[tuple[int, int]]:
    """(tag, value) of the dynamic section, up to its end."""
    found = []
    for at in range(offset, offset + size, _ENTRY.size):
        tag, value = _ENTRY.unpack_from(data, at)
        found.append((tag, value))
        if tag == _NULL:
            break
    return found


def _segments(data: bytes | bytearray) -> Iterator[tuple[int, int, int]]:
    """(type, offset, size in the file) of each segment."""
    for kind, offset, _, size in _headers(data):
        yield kind, offset, size


def _offset(data: bytes, address: int) -> int:
    """Where in the file the byte is that is loaded at this address."""
    for kind, offset, start, size in _headers(data):
        if kind == _LOAD and start <= address < start + size:
            return offset + address - start
    return address


def _headers(data: bytes | bytearray) -> Iterator[tuple[int, int, int, int]]:
    """(type, offset, address, size in the file) of each segment."""
    first = struct.unpack_from("<Q", data, 32)[0]
    size, count = struct.unpack_from("<HH", data, 54)
    for index in range(count):
        kind, _, offset, address, _, length, _, _ = _PROGRAM.unpack_from(data, first + index * size)
        yield kind, offset, address, length
