"""A stream of manifests, YAML or JSON, that can be changed in place and written back.

A document that nobody changed comes back byte for byte. A changed one keeps its comments, the order of its keys, its
quotes and its way of indenting lists, as far as ruamel.yaml's round trip keeps them, and is read again before it is
given out: what it says is what was meant.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

from lockmaster.errors import LockmasterError, UsageError

# A line that begins so ends the document, wherever it stands (YAML 1.2, 9.1.2): not even a block text may hold it.
_MARKER = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_SEQUENCE = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)- ", re.MULTILINE)
# Definitions of new kinds: hundreds of kilobytes, and never a pod in them.
_UNREAD = re.compile(r"^kind:[ \t]*[\"']?CustomResourceDefinition\b", re.MULTILINE)
_TEMPLATED = re.compile(r"\{\{-?\s")
_RENDER = "templates are rendered first: helm template ... | lockmaster kube ... -"
_MOST_CHARACTERS = 64 << 20


class Document:
    """One document. `root` may be changed in place by who then calls `touch`."""

    def __init__(self, name: str, text: str, line: int) -> None:
        """`line` is the number, from 1, of the document's first line in the stream `name`."""
        self.name, self._text, self._line = name, text, line
        marker = re.match(r"---[^\S\n]*(#[^\n]*)?(\n|\Z)|---(?=\s)", text)
        self._head = marker[0] if marker else ""
        self._body = text[len(self._head) :]
        self._first = line + self._head.count("\n")
        self.is_json = self._body.lstrip()[:1] in ("{", "[") and _is_json(self._body)
        self._touched = False
        self._nodes: Any = None
        self.root: Any = None if _UNREAD.search(text) else self._load()

    def touch(self) -> None:
        """Say that `root` was changed."""
        self._touched = True

    def become(self, root: Any) -> None:
        """Say this instead. Of a YAML document, only the lines that say something else change."""
        old, new = plain(self.root), plain(root)
        if old == new:
            return
        if not self.is_json and self._splice(old, new):
            return
        from lockmaster.manifests.merge import merged

        self.root = new if self.is_json else merged(self.root, new)
        self.touch()

    @property
    def text(self) -> str:
        """The document as it is now, with the marker in front of it."""
        if not self._touched:
            return self._text
        body = self._as_json() if self.is_json else self._as_yaml()
        return self._head + body

    def place(self, path: tuple[str | int, ...]) -> str:
        """`deploy.yaml:12`: where a value stood when it was read, or the nearest one around it."""
        return f"{self.name}:{self.line(path)}"

    def line(self, path: tuple[str | int, ...]) -> int:
        """The line, from 1, of a key or an item, or of the nearest one around it."""
        return self.mark(path)[0]

    def mark(self, path: tuple[str | int, ...]) -> tuple[int, int]:
        """The line and the column, both from 1, of a key or an item, or of the nearest one around it."""
        if self._nodes is None:
            self._nodes = _yaml().compose(self._body)
        node, mark = self._nodes, self._nodes.start_mark
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            mark, node = found
        return int(self._first + mark.line), int(mark.column) + 1

    def source(self, line: int) -> str:
        """What stood in this line of the stream."""
        lines = self._text.split("\n")
        return lines[line - self._line] if 0 <= line - self._line < len(lines) else ""

    def _load(self) -> Any:
        from ruamel.yaml.error import YAMLError

        try:
            root = json.loads(self._body) if self.is_json else _yaml().load(self._body)
        except RecursionError:
            raise UsageError(f"{self.name}:{self._line}: nested too deeply", hint="is this a manifest?") from None
        except YAMLError as error:
            raise self._not_yaml(error) from None
        except (ValueError, NotImplementedError) as error:
            raise UsageError(
                f"{self.name}:{self._first}: {error}", hint="kubectl apply --dry-run=client -f it"
            ) from None
        if _TEMPLATED.search(self._body) and _has_template(root):
            raise UsageError(f"{self.name}:{self._first}: this is a template, not a manifest", hint=_RENDER)
        return root

    def _splice(self, old: Any, new: Any) -> bool:
        """Take the text with these values in it, if it can be had by changing lines and then reads as it was meant."""
        from ruamel.yaml.error import YAMLError

        from lockmaster.manifests.splice import spliced

        body = (
            None if self._touched else spliced(self._body, _yaml().compose(self._body), old, new, _offset(self._body))
        )
        try:
            root = None if body is None else _yaml().load(body)
        except YAMLError:
            return False
        if body is None or plain(root) != new:
            return False
        self._text, self._body, self._nodes, self.root = self._head + body, body, None, root
        return True

    def _not_yaml(self, error: Exception) -> UsageError:
        mark = getattr(error, "problem_mark", None)
        line = self._first + (mark.line if mark else self._body.count("\n", 0, getattr(error, "position", 0)))
        problem = str(getattr(error, "problem", None) or "a character that YAML does not allow").split("\n", 1)[0]
        hint = "kubectl apply --dry-run=client -f says the same, if it is no YAML for it either"
        if _TEMPLATED.search(self._body):
            hint = _RENDER
        return UsageError(f"{self.name}:{line}: {problem}", hint=hint)

    def _as_json(self) -> str:
        indent = re.match(r"\s*[{\[]\n([ \t]+)", self._body)
        lead, tail = re.match(r"\s*", self._body), re.search(r"\s*\Z", self._body)
        text = json.dumps(self.root, indent=indent[1] if indent else None, ensure_ascii=False)
        return (lead[0] if lead else "") + text + (tail[0] if tail else "")

    def _as_yaml(self) -> str:
        yaml = _yaml()
        offset = _offset(self._body)
        yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
        out = io.StringIO()
        yaml.dump(self.root, out)
        text = out.getvalue()
        if self._body.endswith("\n") and not text.endswith("\n"):  # it ended with an alias
            text += "\n"
        if plain(_yaml().load(text)) != plain(self.root):
            hint = "this is a bug of Lockmaster: please report it, with the manifest if you may"
            raise LockmasterError(
                f"{self.name}:{self._line}: the changed manifest does not read as it was meant", hint=hint
            )
        return text


class Stream:
    """All documents of one file, or of stdin."""

    def __init__(self, name: str, text: str) -> None:
        """`name` is what errors call it. Raises UsageError, with the line, for what is neither YAML nor JSON."""
        self.name = name
        if len(text) > _MOST_CHARACTERS:
            raise UsageError(f"{name}: too large for manifests", hint="split it into files of at most 64 MB")
        self._bom = "\ufeff" if text.startswith("\ufeff") else ""
        text = text.removeprefix("\ufeff")
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self.documents: list[Document] = []
        line = 1
        for part in _parts(text.replace("\r\n", "\n")):
            self.documents.append(Document(name, part, line))
            line += part.count("\n")

    def add(self, after: Document, root: Any) -> Document:
        """One more document, behind this one."""
        from lockmaster.manifests.emit import block

        made = json.dumps(root, indent=2, ensure_ascii=False) if after.is_json else block(root, 0, 0)
        document = Document(self.name, f"\n{made}\n" if after.is_json else f"---\n{made}", 1)
        self.documents.insert(self.documents.index(after) + 1, document)
        return document

    @property
    def text(self) -> str:
        """The stream as it is now."""
        text = self._bom
        for document in self.documents:
            begin = "\n" if text and not text.endswith("\n") and document.text.startswith("---") else ""
            text += begin + document.text
        return text.replace("\n", self._newline)


def read(path: str, stdin: Any = None) -> Stream:
    """The stream in a file, or on stdin where `path` is `-`. Raises UsageError where it cannot be read."""
    name = "stdin" if path == "-" else path
    try:
        if path == "-":
            return Stream(name, stdin.buffer.read().decode())
        with open(path, "rb") as file:
            return Stream(name, file.read().decode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: not UTF-8, at byte {error.start}", hint="save the file as UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="name files with manifests, or - for stdin") from None


def plain(value: Any) -> Any:
    """The same value without anything of ruamel's: dictionaries, lists and scalars, none of them shared."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return str(value)  # a date, or a tag of its own: text to Kubernetes


def _parts(text: str) -> list[str]:
    """The text cut before each document marker; of JSON values in a row, one part each."""
    if text.lstrip()[:1] == "{" and not _MARKER.search(text) and not _is_json(text):
        return _json_values(text)
    starts = sorted({0, *(match.start() for match in _MARKER.finditer(text))})
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def _json_values(text: str) -> list[str]:
    """JSON values that follow each other; the text as one part where it is something else."""
    parts, start, decoder = [], 0, json.JSONDecoder()
    while text[start:].strip():
        begin = len(text) - len(text[start:].lstrip())
        try:
            _, end = decoder.raw_decode(text, begin)
        except ValueError:
            return [text]
        parts.append(text[start:end])
        start = end
    parts[-1] += text[start:]
    return parts


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _offset(text: str) -> int:
    """How far most lists are indented below their key: 0 or 2, as a rule."""
    offsets = [len(match[2]) - len(match[1]) for match in _SEQUENCE.finditer(text)]
    good = [offset for offset in offsets if 0 <= offset <= 8]  # more is no list of this key
    return max(set(good), key=good.count) if good else 0


def _has_template(value: Any) -> bool:
    """Whether `{{ .Values.x }}` is in it, which YAML takes for a mapping that has a mapping as its key."""
    if isinstance(value, dict):
        return any(not isinstance(key, str | int | float | None) or _has_template(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_template, value))


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """Where a key or an item begins, and its node."""
    if node.id == "mapping":
        for key, value in node.value:
            if str(key.value) == step:
                return key.start_mark, value
    elif node.id == "sequence" and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark, node.value[step]
    return None


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 1 << 20  # lines are never broken anew
    return yaml
