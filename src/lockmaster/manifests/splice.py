"""A YAML text with other values in it: every byte that need not change stays, comments and blank lines too.

It works on the text, by the places that the parser tells: what is new becomes lines of its own right behind what it
follows, so that a comment stays above what it stood above; what goes, goes with its lines. So taking out what was put
in gives the text of before. What it cannot do (anchors, complex keys) it leaves, with None, to who asked.
"""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from lockmaster.manifests.emit import block, flow

if TYPE_CHECKING:
    from collections.abc import Iterator


Node = Any  # of ruamel.yaml, whose kinds of nodes have different fields


class _CannotError(Exception):
    """This text is not changed by places."""


def spliced(text: str, root: Node, old: Any, new: Any, offset: int) -> str | None:
    """The text, whose nodes are `root` and whose values are `old`, with the values `new`; None where it cannot be done.

    `offset` is how far its lists stand inside of their keys. The values are plain; see stream.plain.
    """
    if any(node.anchor for node in _all(root)):
        return None
    splice = _Splice(text, offset)
    try:
        splice.change(root, old, new, -1)
        return splice.result()
    except (_CannotError, IndexError, KeyError, ValueError):
        return None


class _Splice:
    def __init__(self, text: str, offset: int) -> None:
        self.text, self.offset = text, offset
        self.edits: list[tuple[int, int, int, str]] = []  # from, to, number, text

    def result(self) -> str:
        """The text with the edits in it."""
        parts, at = [], 0
        for start, end, _, put in sorted(self.edits):
            if start < at:
                raise _CannotError
            parts += [self.text[at:start], put]
            at = end
        return "".join([*parts, self.text[at:]])

    def change(self, node: Node, old: Any, new: Any, key_end: int) -> None:
        """`key_end` is where the key of this value ends, with its colon; -1 where it has none."""
        if old == new and type(old) is type(new):
            return
        same = (isinstance(old, dict) and isinstance(new, dict)) or (isinstance(old, list) and isinstance(new, list))
        if not same or not old or not new:
            self._exchange(node, new, key_end)
        elif isinstance(new, dict):
            self._mapping(node, old, new, key_end)
        else:
            self._sequence(node, old, new, key_end)

    def _exchange(self, node: Node, new: Any, key_end: int) -> None:
        """One value for another of a different kind."""
        end = key_end if _is_nothing(node) else self._end(node)
        lines = isinstance(new, (dict, list)) and new and key_end >= 0 and not self._in_line(end)
        if _is_block(node):
            start, end = self._line_after(key_end), self._line_after(self._end(node))
            if key_end < 0 or node.start_mark.index < start:
                raise _CannotError
            self._edit(start, end, "")
        elif _is_nothing(node):
            if key_end < 0:
                raise _CannotError
            self._edit(key_end, key_end, "" if lines else " " + flow(new))
        else:
            start, end = node.start_mark.index, self._end(node)
            if _is_text_block(node):
                raise _CannotError
            self._edit(key_end if lines else start, end, "" if lines else self._spaced(start, flow(new)))
        if lines:
            self._lines(
                self._line_after(key_end), new, self._column_of(key_end) + (2 if isinstance(new, dict) else self.offset)
            )
        elif _is_block(node):
            self._edit(key_end, key_end, " " + flow(new))

    def _mapping(self, node: Node, old: dict[str, Any], new: dict[str, Any], key_end: int) -> None:
        pairs = {str(key.value): (key, value) for key, value in node.value}
        if set(pairs) != set(old) or any(not hasattr(key, "style") for key, _ in node.value):
            raise _CannotError
        for name, value in old.items():
            if name in new:
                self.change(pairs[name][1], value, new[name], self._colon(pairs[name][0]))
        gone = [name for name in pairs if name not in new]
        if node.flow_style:
            self._flow_mapping(pairs, gone, new)
            return
        first = next(iter(pairs))
        for name in gone:
            key, value = pairs[name]
            start = self._line_start(key.start_mark.index)
            if self.text[start : key.start_mark.index].strip():
                raise _CannotError
            self._edit(start, self._line_after(self._end_of(key, value)), "")
        column, before = node.start_mark.column, ""
        for name, value in new.items():
            if name not in pairs:
                if before or (key_end >= 0 and not self._same_line(key_end, node.start_mark.index)):
                    point = self._after(pairs[before]) if before else self._line_after(key_end)
                    self._lines(point, {name: value}, column)
                else:  # the first of an item of a list: behind its dash
                    point = pairs[first][0].start_mark.index
                    self._edit(point, point, block({name: value}, column, self.offset).lstrip(" ") + " " * column)
            else:
                before = name

    def _flow_mapping(self, pairs: dict[str, Any], gone: list[str], new: dict[str, Any]) -> None:
        order = list(pairs)
        ends = [self._end_of(key, value) for key, value in pairs.values()]
        kept = [number for number, name in enumerate(order) if name in new]
        if not kept:
            raise _CannotError
        for name in gone:
            number = order.index(name)
            if number < kept[0]:
                self._edit(pairs[name][0].start_mark.index, pairs[order[number + 1]][0].start_mark.index, "")
            else:
                self._edit(ends[number - 1], ends[number], "")
        at = ends[-1]
        for name, value in new.items():
            if name not in pairs:
                self._edit(at, at, f", {flow(name)}: {flow(value)}")

    def _sequence(self, node: Node, old: list[Any], new: list[Any], key_end: int) -> None:
        items = node.value
        matcher = difflib.SequenceMatcher(None, [known_by(one) for one in old], [known_by(one) for one in new], False)  # noqa: FBT003
        steps = matcher.get_opcodes()
        if (
            node.flow_style
            and not all(isinstance(one, dict) for one in (*old, *new))
            and any(tag == "replace" for tag, *_ in steps)
        ):
            self._exchange(node, new, -1)  # other words are written anew, not mixed with what is left of the old ones
            return
        for tag, i1, i2, j1, j2 in steps:
            if tag == "equal":
                for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                    self.change(items[i], old[i], new[j], -1)
                continue
            if i1 < i2:
                self._without(node, i1, i2)
            if j1 < j2:
                self._with(node, i1, new[j1:j2], key_end, ends=i2 == len(items) and i1 == 0)

    def _without(self, node: Node, start: int, end: int) -> None:
        items = node.value
        if node.flow_style:
            if end < len(items):
                self._edit(items[start].start_mark.index, items[end].start_mark.index, "")
            else:
                self._edit(
                    self._end(items[start - 1]) if start else items[0].start_mark.index, self._end(items[-1]), ""
                )
            return
        for item in items[start:end]:
            at = self._line_start(item.start_mark.index)
            if self.text[at : item.start_mark.index].strip() != "-":
                raise _CannotError
            self._edit(at, self._line_after(self._end(item)), "")

    def _with(self, node: Node, at: int, new: list[Any], key_end: int, *, ends: bool) -> None:
        items = node.value
        if not node.flow_style:
            column = self._dash(items[0])
            if at == 0 and key_end < 0:
                raise _CannotError
            point = self._line_after(self._end(items[at - 1])) if at else self._line_after(key_end)
            self._lines(point, new, column)
            return
        words = ", ".join(flow(one) for one in new)
        if ends:
            self._edit(items[0].start_mark.index, items[0].start_mark.index, words)
        elif at < len(items):
            self._edit(items[at].start_mark.index, items[at].start_mark.index, words + ", ")
        else:
            self._edit(self._end(items[-1]), self._end(items[-1]), ", " + words)

    # -- places --

    def _edit(self, start: int, end: int, put: str) -> None:
        self.edits.append((start, end, len(self.edits), put))

    def _lines(self, point: int, value: Any, column: int) -> None:
        put = block(value, column, self.offset)
        if point and self.text[point - 1] != "\n":  # the last line of the text is not ended
            put = "\n" + put.removesuffix("\n")
        self._edit(point, point, put)

    def _after(self, pair: tuple[Node, Node]) -> int:
        return self._line_after(self._end_of(*pair))

    def _end(self, node: Node) -> int:
        """Where the value ends, without the comments behind it."""
        if _is_block(node):
            last = node.value[-1]
            return self._end_of(*last) if isinstance(last, tuple) else self._end(last)
        if _is_nothing(node):
            raise _CannotError
        if _is_text_block(node):
            return len(self.text[: node.end_mark.index].rstrip("\n "))
        return int(node.end_mark.index)

    def _end_of(self, key: Node, value: Node) -> int:
        return self._colon(key) if _is_nothing(value) else self._end(value)

    def _colon(self, key: Node) -> int:
        end = int(key.end_mark.index)
        at = self.text.index(":", end)
        if self.text[end:at].strip():
            raise _CannotError
        return at + 1

    def _dash(self, item: Node) -> int:
        start = self._line_start(item.start_mark.index)
        before = self.text[start : item.start_mark.index]
        if before.strip() != "-":
            raise _CannotError
        return before.index("-")

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_after(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1

    def _same_line(self, one: int, other: int) -> bool:
        return "\n" not in self.text[one:other]

    def _column_of(self, key_end: int) -> int:
        """Where the key stands that ends here; behind a dash it stands by itself too."""
        start = self._line_start(key_end)
        line = self.text[start:key_end]
        return len(line) - len(line.lstrip(" -"))

    def _in_line(self, end: int) -> bool:
        """Whether more follows in this line, as in one of brackets: then no lines can follow."""
        rest = self.text[end : self._line_after(end)].strip()
        return bool(rest) and not rest.startswith("#")

    def _spaced(self, at: int, text: str) -> str:
        return (
            text
            if (at and self.text[at - 1].isspace()) or not at
            else (" " + text if self.text[at - 1] == ":" else text)
        )


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.value if isinstance(node.value, list) else ():
        for one in child if isinstance(child, tuple) else (child,):
            yield from _all(one)


def _is_block(node: Node) -> bool:
    return isinstance(node.value, list) and not node.flow_style and bool(node.value)


def _is_nothing(node: Node) -> bool:
    """Whether nothing is written there. Where that nothing stands, the parser does not tell rightly."""
    return node.value == "" and node.style is None


def _is_text_block(node: Node) -> bool:
    return isinstance(node.value, str) and getattr(node, "style", None) in ("|", ">")


def known_by(item: Any) -> str:
    """What an item of a list is known by."""
    if isinstance(item, dict) and isinstance(item.get("metadata"), dict):
        return json.dumps(
            [item.get("kind"), item["metadata"].get("namespace"), item["metadata"].get("name")], default=str
        )
    if isinstance(item, dict) and "name" in item:
        return json.dumps([item["name"], item.get("mountPath")], default=str)
    return json.dumps(item, default=str, sort_keys=True)
