"""What changes in a file, as a unified diff, without secrets: neither the new ones nor those that they replace.

The file is made a second time, with other secrets in place of the real ones. A line that comes out differently holds
one, also where a filter has encoded it, and is shown up to where it begins. Which lines of the old file held one nobody
knows; so where secrets are involved, an old line is shown only if its key (`port =`) has a new line without secrets.
"""

from __future__ import annotations

import difflib
import re

from lockmaster.prepare.secret_names import is_secret

_HIDDEN = "***"
_KEY = re.compile(r"""\W*([\w.\-]{2,})["']?\s*[:=\s]""")
_PASSWORD = re.compile(r"(://[^/@\s:]*:)[^/@\s]+@")
_MOST = 1 << 20  # characters of a file that a diff is made of


def unified(name: str, old: bytes, new: bytes, other: bytes | None) -> str:
    """The diff. `other` is the file with other secrets; None where that cannot be, so that no line is known to be safe."""
    try:
        before, after = old.decode(), new.decode()
        changed = None if other is None else other.decode()
    except UnicodeDecodeError:
        return f"binary files a/{name} and b/{name} differ\n"
    if max(len(before), len(after)) > _MOST:
        return f"files a/{name} and b/{name} differ, and are too large to be shown\n"
    lines = after.splitlines()
    shown = _masked(lines, changed.splitlines()) if changed is not None else [_HIDDEN] * len(lines)
    tainted = {number for number, (line, mask) in enumerate(zip(lines, shown, strict=True)) if line != mask}
    was = before.splitlines()
    hide = _Old({_key(line) for number, line in enumerate(lines) if number not in tainted},
                {_key(lines[number]) for number in tainted}, all_known=changed is not None and not tainted)  # fmt: skip
    return "".join(_lines(name, was, lines, [hide.shown(line) for line in was], shown))


class _Old:
    """Shows lines of the old file as far as they can hold no secret."""

    def __init__(self, safe: set[str], tainted: set[str], *, all_known: bool) -> None:
        self._safe, self._tainted, self._all_known = safe, tainted, all_known

    def shown(self, line: str) -> str:
        key = _key(line)
        known = bool(key) and key in self._safe and key not in self._tainted
        if not line.strip() or (not is_secret(key) and (self._all_known or known)):
            return _PASSWORD.sub(rf"\1{_HIDDEN}@", line)
        found = _KEY.match(line)
        return (
            line[: found.end()].rstrip() + " " + _HIDDEN
            if found and (key in self._tainted or is_secret(key))
            else _HIDDEN
        )


def _key(line: str) -> str:
    found = _KEY.match(line)
    return found[1] if found else ""


def _masked(lines: list[str], other: list[str]) -> list[str]:
    """The lines, cut where they begin to depend on a secret."""
    shown = list(lines)
    matcher = difflib.SequenceMatcher(None, lines, other, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        for number in range(start, end) if tag != "equal" else ():
            twin = other[first + number - start] if last - first == end - start else ""
            shown[number] = _common(lines[number], twin) + _HIDDEN
    return shown


def _common(line: str, other: str) -> str:
    """The beginning that both have, to the end of a word: half a secret is not shown by chance."""
    size = next((at for at, (a, b) in enumerate(zip(line, other, strict=False)) if a != b), min(len(line), len(other)))
    return re.sub(r"[^\s=:'\"]*$", "", line[:size])


def _lines(name: str, old: list[str], new: list[str], old_shown: list[str], new_shown: list[str]) -> list[str]:
    """difflib's unified format. Lines are compared as they are, and shown as they may be."""
    parts = [f"--- a/{name}\n", f"+++ b/{name}\n"]
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(3):
        first, last = group[0], group[-1]
        parts.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                parts += [f" {line}\n" for line in new_shown[j1:j2]]
            else:
                parts += [f"-{line}\n" for line in old_shown[i1:i2]]
                parts += [f"+{line}\n" for line in new_shown[j1:j2]]
    return parts if len(parts) > 2 else [*parts, "only line ends or a byte order mark differ\n"]


def _range(start: int, end: int) -> str:
    size = end - start
    return f"{start + 1 if size else start},{size}"
