"""One step that is a command of its own, and the world that all steps share. Cheap to load: `exec` runs on every start."""

from __future__ import annotations

import os

from lockmaster.clock import Deadline, SystemClock
from lockmaster.errors import StepFailedError
from lockmaster.prepare.context import Context, Outcome
from lockmaster.prepare.kinds import runner_of
from lockmaster.step_events import StepDone
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lockmaster.events import Emit
    from lockmaster.settings.resolving import Resolved
    from lockmaster.stop import Stop


class World(NamedTuple):
    """What all steps share."""

    environ: Mapping[str, str]
    folder: str
    emit: Emit
    stop: Stop
    hide: Callable[[str], None]
    deadline: float | None = None  # seconds for all of it
    file: str = ""  # lockmaster.yaml
    resolved: Resolved | None = None  # the settings of a step that is a command of its own


def alone(kind: str, spec: object, world: World) -> Outcome:
    """Run one step that was written on the command line. Raises what it raises."""
    clock = SystemClock(world.stop)
    deadline = Deadline(clock, world.deadline)
    context = Context(
        world.environ, world.folder, world.emit, world.stop, clock, deadline, world.hide, resolved=world.resolved
    )
    began = clock.now()
    try:
        outcome = runner_of(kind)(spec, context)
    except OSError as error:
        raise of_system(error) from error
    world.emit(StepDone(kind, kind, outcome.changed, outcome.text, clock.now() - began))
    return outcome


def of_system(error: OSError) -> StepFailedError:
    """What the system refused and the step did not expect: a full disk, a folder that may not be written."""
    path = error.filename2 or error.filename
    where = f"{os.fsdecode(path)}: " if isinstance(path, str | bytes) else ""
    hints = {
        13: "look at owner and mode, and at fsGroup of the volume",
        28: "the disk is full",
        30: "mounted read-only",
    }
    return StepFailedError(f"{where}{error.strerror or error}", hint=hints.get(error.errno or 0, ""))
