"""Modes as chmod takes them, octal and symbolic: `0640`, `u=rwX,g=rX,o=`, `g+s`, `o-rwx`, `g=u`.

Source: POSIX.1-2017 chmod, and what GNU chmod does beyond it: X is x for folders and for files that somebody may
execute; a folder's setuid and setgid bits stay unless they are named (octal: unless written with five digits). One
difference: without u, g, o or a it is a, whatever the umask is, so that the same file always means the same.
"""

from __future__ import annotations

import re

from lockmaster.errors import UsageError
from lockmaster.values import NamedTuple

ALL = 0o7777
_SPECIAL_OF_FOLDERS = 0o6000  # setuid and setgid
_WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007, "a": ALL}
_CLASS = {"u": 0o700, "g": 0o070, "o": 0o007}
_PERM = {"r": 0o444, "w": 0o222, "x": 0o111, "X": 0, "s": 0o6000, "t": 0o1000}
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)")
_ACTION = re.compile(r"([-+=])([rwxXst]+|[ugo])?")
_HINT = "write it as chmod takes it: 0640, 2770, u=rwX,g=rX,o="


class Change(NamedTuple):
    """One act on a mode: `sign` "=", "+" or "-"; `copied` is the class whose rights are taken, 0 for none."""

    sign: str
    affected: int
    bits: int
    mentioned: int
    copied: int = 0
    if_any: bool = False  # X


class Mode(NamedTuple):
    """What is to become of a mode."""

    text: str
    changes: tuple[Change, ...]

    def of(self, mode: int, *, folder: bool) -> int:
        """The mode that a file or folder with this one is to have."""
        for change in self.changes:
            mode = _changed(mode & ALL, change, folder=folder)
        return mode


def parse(text: str | int) -> Mode:
    """Raises UsageError for anything that chmod would not take either."""
    text = str(text).strip()
    if text.isascii() and text.isdigit():
        return Mode(text, (_octal(text),))
    changes: list[Change] = []
    for clause in text.split(","):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise UsageError(f"{text!r} is not a mode", hint=_HINT)
        affected = 0
        for who in found[1]:
            affected |= _WHO[who]
        changes += [_symbolic(affected or ALL, sign, perms) for sign, perms in _ACTION.findall(found[2])]
    return Mode(text, tuple(changes))


def _octal(text: str) -> Change:
    if not set(text) <= set("01234567") or int(text, 8) > ALL:
        raise UsageError(f"{text!r} is not a mode", hint=_HINT)
    bits = int(text, 8)
    return Change("=", ALL, bits, ALL if len(text) > 4 else bits & 0o7000)


def _symbolic(affected: int, sign: str, perms: str) -> Change:
    if perms in _CLASS:
        return Change(sign, affected, 0, 0, copied=_CLASS[perms])
    bits = 0
    for perm in perms:
        bits |= _PERM[perm]
    return Change(sign, affected, bits, affected & bits, if_any="X" in perms)


def _changed(mode: int, change: Change, *, folder: bool) -> int:
    bits = change.bits
    if change.copied:
        taken = mode & change.copied
        bits = sum(_PERM[perm] for perm in "rwx" if taken & _PERM[perm])
    if change.if_any and (folder or mode & _PERM["x"]):
        bits |= _PERM["x"]
    kept = _SPECIAL_OF_FOLDERS & ~change.mentioned if folder else 0
    bits &= change.affected & ~kept
    if change.sign == "+":
        return mode | bits
    if change.sign == "-":
        return mode & ~bits
    return (mode & (~change.affected | kept)) | bits
