"""Owner and mode of files and folders, as a step."""

from __future__ import annotations

import os
import stat

from lockmaster.errors import BehindError, StepFailedError, UsageError
from lockmaster.events import Warned
from lockmaster.prepare import modes, owners
from lockmaster.prepare.context import Outcome
from lockmaster.prepare.steps.permissions import refused, walk
from lockmaster.prepare.steps.permissions.crew import Crew
from lockmaster.prepare.steps.permissions.entry import Wish
from lockmaster.prepare.steps.permissions.excluding import excluded
from lockmaster.prepare.steps.permissions.found import MOST_TOLD, Found
from lockmaster.prepare.steps.permissions.opening import open_path
from lockmaster.step_events import Changed
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.permissions.spec import Spec

_ALLOW = (
    "hard_links: allow (--hard-links allow) changes them: only where nobody else could ever write to the volume; "
    "skip leaves them"
)


def run(spec: Spec, context: Context) -> Outcome:
    """Put everything right that differs. Raises UsageError, StepFailedError; BehindError with `check`."""
    if not hasattr(os, "O_PATH"):
        raise UsageError("permissions works on Linux only", hint="leave it out here, by `if:` in the step")
    paths = [spec.path] if isinstance(spec.path, str) else spec.path
    wish = wish_of(spec)
    skip = excluded([spec.exclude] if isinstance(spec.exclude, str) else spec.exclude)
    _refuse_all(paths, spec)

    def tell(path: str, how: str) -> None:
        context.emit(Changed(path, f"would be: {how}" if spec.check else how))

    found = Found(tell)
    for path in paths:
        try:
            _path(path, spec, context, _Work(wish, found, skip))
        except OSError as error:
            raise refused.explained(error, path, wish) from error
    return _outcome(spec, context, found)


def wish_of(spec: Spec) -> Wish:
    """What all are to have. Raises UsageError where that is nothing."""
    owner = owners.parse(spec.owner, spec.group)
    general = str(spec.mode)
    of_files, of_folders = (modes.parse(text) if text else None for text in (
        str(spec.file_mode) or general, str(spec.dir_mode) or general
    ))  # fmt: skip
    if not owner and of_files is None and of_folders is None and not spec.create:
        raise UsageError("nothing to set: neither owner nor mode is named", hint="owner: 999:999, mode: u=rwX,g=rX,o=")
    return Wish(owner, of_files, of_folders)


def _refuse_all(paths: list[str], spec: Spec) -> None:
    for path in paths or [""]:
        if not path:
            raise UsageError("a path is missing", hint="path: /data")
        if spec.recursive and os.path.normpath(path).strip("/") == "":
            raise UsageError(f"{path} with recursive is the whole system", hint="name the folder of the volume")


class _Work(NamedTuple):
    """What all paths of a step share."""

    wish: Wish
    found: Found
    skip: Callable[[str], bool] | None


def _path(path: str, spec: Spec, context: Context, work: _Work) -> None:
    context.stop.check()
    create = spec.create and not spec.check
    try:
        handle, made = open_path(context.folder, path, follow=spec.follow, create=create)
    except StepFailedError:
        if spec.create and spec.check and not os.path.lexists(context.path(path)):
            work.found.change(path, lambda: "made")
            return
        raise
    walker = walk.Walk(work.wish, work.found, linked=spec.hard_links, check=spec.check)
    try:
        work.found.add(1)
        changed = work.found.changed
        ours = walker.one(handle, path)
        if made and work.found.changed == changed:
            work.found.change(path, lambda: "made")
        if ours and spec.recursive and stat.S_ISDIR(os.fstat(handle).st_mode):
            walker.limit(handle, work.skip, one_file_system=spec.one_file_system)
            Crew(walker, work.found, path.rstrip("/"), context).all(walk.Folder(handle, ""))
    finally:
        walker.close()
        os.close(handle)


def _outcome(spec: Spec, context: Context, found: Found) -> Outcome:
    told = f"{found.changed:,} of {found.looked:,}"
    if found.changed > MOST_TOLD:
        context.emit(Changed(f"{found.changed - MOST_TOLD:,} more", "likewise, not told one by one"))
    for why in found.counts:
        if why != walk.LINKED or spec.hard_links == "skip":
            context.emit(Warned(f"left alone, because {why}: {found.named(why)}", _HINTS.get(why, "")))
    if walk.LINKED in found.counts and spec.hard_links == "refuse":
        message = f"left alone, because {walk.LINKED}: {found.named(walk.LINKED)}"
        raise StepFailedError(f"{message} ({told} changed)", hint=_ALLOW)
    if spec.check and found.changed:
        raise BehindError(f"{told} would change", hint="without check (--check) it would be done")
    return Outcome(found.changed > 0, f"{told} changed" if found.changed else f"unchanged ({found.looked:,} looked at)")


_HINTS = {
    walk.MOUNTED: "name it as a path of its own, or say one_file_system: false (--no-one-file-system)",
    walk.LINKED: _ALLOW,
}
