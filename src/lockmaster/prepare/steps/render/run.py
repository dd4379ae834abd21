"""Files from templates, as a step: render all, compare, validate all, then replace what differs."""

from __future__ import annotations

import os

from lockmaster.errors import BehindError, StepFailedError
from lockmaster.prepare import modes, owners
from lockmaster.prepare.context import Outcome
from lockmaster.prepare.steps.render import existing, substitute, templates, validating, variables
from lockmaster.prepare.steps.render.staging import New, Staging
from lockmaster.step_events import Changed, Compared
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.render.existing import Old
    from lockmaster.prepare.steps.render.jinja import Engine
    from lockmaster.prepare.steps.render.spec import Spec
    from lockmaster.prepare.steps.render.templates import Job, Plan, Text


class Made(NamedTuple):
    """A file as it is to be, and as it is."""

    job: Job
    new: New
    old: Old | None  # None: there is none
    how: str  # what differs, "" for nothing


def run(spec: Spec, context: Context) -> Outcome:
    """Raises UsageError, StepFailedError; BehindError with `check`. Until all are valid nothing is replaced."""
    checks = validating.understood([spec.validate] if isinstance(spec.validate, str) else list(spec.validate))
    plan = templates.plan(spec, context)
    values = variables.collect(spec, context)
    render = _Renderer(spec, plan, context)
    made = [_made(job, render.one(job, values.names), spec, plan) for job in plan.jobs]
    differing = [one for one in made if one.how]
    if spec.diff:
        for one in differing:
            other = render.other(one.job, values.others()) if values.secrets else one.new.data
            context.emit(Compared(_shown(plan, one), _diff(_shown(plan, one), one, other)))
    if differing and not spec.check:
        _replace(made, checks, plan, context)
    return _outcome(made, differing, spec, plan, context)


class _Renderer:
    """Gives a file's content. Jinja is loaded when the first template is one of its own."""

    def __init__(self, spec: Spec, plan: Plan, context: Context) -> None:
        self._plan, self._context = plan, context
        self._jinja: Engine | None = None
        self._only = substitute.names(spec.only)

    def one(self, job: Job, values: dict[str, Any]) -> bytes:
        data = templates.read(job.source, job.shown)
        if job.engine == "copy":
            return data
        text = templates.decoded(data, job.shown)
        self._context.stop.check()
        return text.encoded(self._text(job, text, values))

    def other(self, job: Job, values: dict[str, Any]) -> bytes | None:
        """The same with other values; None where the template does not take them."""
        try:
            return self.one(job, values)
        except StepFailedError:
            return None

    def _text(self, job: Job, text: Text, values: dict[str, Any]) -> str:
        if job.engine != "jinja":
            return substitute.render(text, job.shown, values, self._only)
        if self._jinja is None:
            from lockmaster.prepare.steps.render import jinja

            self._jinja = jinja.Engine(self._plan.root, self._context)
        return self._jinja.render(text, job.source, job.shown, values)


def _made(job: Job, data: bytes, spec: Spec, plan: Plan) -> Made:
    target = os.path.join(plan.base, job.target)
    old = existing.read(target, os.path.join(plan.shown, job.target))
    runs = 0o755 if os.access(job.source, os.X_OK) and os.stat(job.source).st_mode & 0o100 else 0o644
    mode = old.mode if old else runs
    if spec.mode != "":
        mode = modes.parse(spec.mode).of(mode, folder=False)
    owner = owners.parse(spec.owner)
    user, group = (old.user, old.group) if old else (os.geteuid(), existing.new_group(plan.base))
    user, group = (now if wanted == owners.KEEP else wanted for now, wanted in zip((user, group), owner, strict=True))
    new = New(job.target, data, mode, user, group)
    return Made(job, new, old, existing.differs(old, new))


def _replace(made: list[Made], checks: list[str | list[str]], plan: Plan, context: Context) -> None:
    """Write all, ask whether they are valid, and put those in place that differ."""
    with Staging(plan.base, plan.shown, folder=plan.folder) as staging:
        for one in made:
            if one.how or plan.folder:  # a command that looks at a folder is given all of it
                context.stop.check()
                staging.write(one.new)
        for check in checks:
            _validate(check, made, staging, plan, context)
        context.stop.check()
        staging.put_in_place(one.new.name for one in made if one.how)


def _validate(check: str | list[str], made: list[Made], staging: Staging, plan: Plan, context: Context) -> None:
    if isinstance(check, str):
        for one in made:
            if one.how and (not plan.folder or validating.meant(check, one.new.name)):
                validating.by_format(check, one.new.data, _shown(plan, one))
    elif plan.folder:
        validating.by_command(check, staging.folder, plan.shown, context)
    else:
        validating.by_command(check, staging.path(made[0].new.name), _shown(plan, made[0]), context)


def _diff(name: str, one: Made, other: bytes | None) -> str:
    from lockmaster.prepare.steps.render import compare

    return compare.unified(name.lstrip("/"), one.old.data if one.old else b"", one.new.data, other)


def _outcome(made: list[Made], differing: list[Made], spec: Spec, plan: Plan, context: Context) -> Outcome:
    for one in differing:
        context.emit(Changed(_shown(plan, one), f"would be: {one.how}" if spec.check else one.how))
    told = f"{len(differing)} of {len(made)} files"
    if spec.check and differing:
        raise BehindError(f"{plan.shown or '.'}: {told} would change", hint="without check (--check) it would be done")
    return Outcome(bool(differing), f"{told} changed" if differing else "unchanged")


def _shown(plan: Plan, one: Made) -> str:
    return os.path.join(plan.shown, one.new.name)
