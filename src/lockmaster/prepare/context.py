"""What a step gets and what it gives back."""

from __future__ import annotations

import os

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lockmaster.clock import Clock, Deadline
    from lockmaster.events import Emit
    from lockmaster.settings.resolving import Resolved
    from lockmaster.stop import Stop


class Context(NamedTuple):
    """The world as a step may know it: it reads no environment, no clock and no working directory but these.

    A step must end soon after `deadline` is over, with an error that says what was seen last, and at once with
    StoppedError when `stop` is requested (`clock.sleep` does that; whoever waits for a descriptor includes `stop`).
    """

    environ: Mapping[str, str]
    folder: str  # relative paths start here
    emit: Emit
    stop: Stop
    clock: Clock
    deadline: Deadline
    hide: Callable[[str], None]  # tells a secret, so that it is masked wherever it turns up from now on
    file: str = ""  # lockmaster.yaml, where the step stands in one: its other keys are settings
    resolved: Resolved | None = None  # the settings, where the command line has them already

    def path(self, name: str) -> str:
        """The path as the system calls need it."""
        return os.path.join(self.folder, name)


class Outcome(NamedTuple):
    """How a step ended that did not fail. `text` is one line: `3 of 120 files changed`, `unchanged`."""

    changed: bool
    text: str
