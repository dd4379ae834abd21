"""Which files become which, and with which engine; and a template's text, with its byte order mark and line ends."""

from __future__ import annotations

import os

from lockmaster.errors import StepFailedError, UsageError
from lockmaster.prepare.steps.render.place import line_of
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.render.spec import Spec

JINJA = (".j2", ".jinja", ".jinja2")
ENVSUBST = (".template", ".envsubst")
MOST = 16 << 20  # bytes of a template
_BOM = b"\xef\xbb\xbf"


class Job(NamedTuple):
    """One file to make. `engine` is jinja, envsubst, or copy for a file of a folder that is no template."""

    source: str  # a path for system calls
    shown: str
    target: str  # below the base
    engine: str


class Plan(NamedTuple):
    """All files of a step. Includes are looked for in `root`; the files are written below `base`."""

    root: str
    base: str
    shown: str  # base, as it was named
    jobs: tuple[Job, ...]
    folder: bool


class Text(NamedTuple):
    """A template without its byte order mark. Where its first line ends with CRLF, all lines are to."""

    text: str
    mark: bool
    crlf: bool

    def encoded(self, text: str) -> bytes:
        return (_BOM if self.mark else b"") + text.encode()


def plan(spec: Spec, context: Context) -> Plan:
    """Raises UsageError where there is no template."""
    source, target = context.path(spec.source), context.path(spec.target)
    if os.path.isdir(source):
        jobs = tuple(_inside(source, spec))
        if not jobs:
            raise UsageError(f"{spec.source}: there is no file in it", hint="from: a template, or a folder of them")
        return Plan(source, target, spec.target.rstrip("/") or "/", jobs, folder=True)
    if not os.path.exists(source):
        raise UsageError(f"{spec.source}: not there", hint="from: a template, or a folder of them")
    engine = spec.engine
    if engine == "auto":
        engine = "jinja" if spec.source.endswith(JINJA) else "envsubst"
    base, name, shown = os.path.dirname(target), os.path.basename(target), os.path.dirname(spec.target)
    if not name or os.path.isdir(target):
        base, name, shown = target, _bare(os.path.basename(source), engine), spec.target.rstrip("/") or "/"
    return Plan(
        os.path.dirname(source) or ".", base or ".", shown, (Job(source, spec.source, name, engine),), folder=False
    )


def _inside(folder: str, spec: Spec) -> Iterator[Job]:
    """The files of a folder, in order. What begins with `..` is the inner side of a mounted ConfigMap."""
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".."))
        for name in sorted(name for name in files if not name.startswith("..")):
            source = os.path.join(path, name)
            below = os.path.relpath(source, folder)
            if not within(folder, source):
                raise UsageError(f"{spec.source}: {below} leads out of the folder", hint="replace the link by the file")
            engine = spec.engine if spec.engine != "auto" else _by_name(name)
            target = os.path.join(os.path.dirname(below), _bare(name, engine))
            yield Job(source, os.path.join(spec.source, below), target, engine)


def _by_name(name: str) -> str:
    return "jinja" if name.endswith(JINJA) else "envsubst" if name.endswith(ENVSUBST) else "copy"


def _bare(name: str, engine: str) -> str:
    """The name without the ending that says it is a template."""
    for ending in JINJA if engine == "jinja" else ENVSUBST:
        if engine != "copy" and name.endswith(ending) and name != ending:
            return name.removesuffix(ending)
    return name


def within(root: str, path: str) -> bool:
    """Whether a path, its links followed, stays below a folder."""
    real = os.path.realpath(root).rstrip("/")
    return os.path.realpath(path).startswith(real + "/")


def read(path: str, shown: str) -> bytes:
    """Raises StepFailedError for what is too large to be a template, or cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        raise StepFailedError(f"{shown}: {error.strerror}") from error
    if len(data) > MOST:
        raise StepFailedError(f"{shown}: larger than {MOST >> 20}Mi, which no template is")
    return data


def decoded(data: bytes, shown: str) -> Text:
    """The text of a template. Raises StepFailedError for what is none."""
    mark = data.startswith(_BOM)
    try:
        text = data.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StepFailedError(f"{shown}:{line}: not UTF-8 text", hint="a template is text; save it as UTF-8") from None
    if "\0" in text:
        raise StepFailedError(
            f"{shown}:{line_of(text, text.index(chr(0)))}: not text, but binary", hint="a template is text"
        )
    end = text.find("\n")
    return Text(text, mark, crlf=end > 0 and text[end - 1] == "\r")
