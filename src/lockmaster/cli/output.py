"""Where events go: filtered by --quiet and --verbose, paced, rendered as text or JSON; errors also to the pod."""

from __future__ import annotations

import os
from _thread import allocate_lock
from contextlib import suppress

from lockmaster.cli.words import Pacer, describe, level_of
from lockmaster.errors import StoppedError
from lockmaster.events import Applying, Failed, Ready, Waiting
from lockmaster.settings.secret import mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from lockmaster.cli.render_kube import KubeRenderer
    from lockmaster.errors import LockmasterError
    from lockmaster.events import Event
    from lockmaster.settings.options import Options


class Output:
    """The listener of a command line run."""

    def __init__(
        self, options: Options, stream: TextIO, secrets: Sequence[str] = (), *, kube: bool = False, last: bool = True
    ) -> None:
        """`last`: the container ends with us, so that an end that is well may be its last word, too."""
        self._least = 2 if options.quiet else 0 if options.verbose else 1
        self._termination = options.termination_log
        self._secrets = list(secrets)  # shared with the renderings, which hide what is in it now
        self._pacer = Pacer()
        self._showing = allocate_lock()  # a command's words come from threads
        self._render = _renderer(options, stream, self._secrets)
        self._last = last
        self._well: list[str] = []  # what a container that ends well leaves behind
        self._kube: KubeRenderer | None = None
        self._pod = options.pod if kube and options.kube_events == "auto" else None

    def hide(self, secret: str) -> None:
        """Mask this text from now on. Too short a one is left: hiding it would hide the rest."""
        if len(secret) > 3 and secret not in self._secrets:
            self._secrets.append(secret)

    def emit(self, event: Event) -> None:
        """Show the event, if it is loud enough and was not shown a moment ago."""
        loud = ("debug", "info", "warning", "error").index(level_of(event)) >= self._least
        if loud and self._pacer.lets_through(event):
            self._show(event)
        if self._termination and self._last:
            self._note_level(getattr(event, "event", event))
        if self._pod is not None:
            self._tell(event)

    def fail(self, error: LockmasterError) -> None:
        """Show the error, and leave it where Kubernetes looks."""
        self._show(Failed(error))
        if self._pod is not None:
            self._tell(Failed(error))
        if self._termination:
            from lockmaster.cli import render_termination

            render_termination.write(self._termination, render_termination.render(error, self._secrets))
        if self._kube is not None and not isinstance(error, StoppedError):  # who is stopped ends now
            self._kube.settle(failed=True)

    def end(self) -> None:
        """It ends well: leave the level where Kubernetes looks, for `kubectl describe pod` and `kube status`."""
        if self._well:
            with suppress(OSError, ValueError), open(self._termination, "wb") as file:
                file.write(mask("".join(self._well), *self._secrets).encode("utf-8", "backslashreplace")[:4096])
        self.settle()

    def _note_level(self, event: Event) -> None:
        if isinstance(event, Ready):
            ahead = [f"ahead: {', '.join(event.ahead[:10])}"] if event.ahead else []
            for line in (describe(event), *ahead):
                self._well.append((line if line.isprintable() else ascii(line)) + "\n")

    def settle(self) -> None:
        """What is told on the side gets a moment: for the end, and before the process becomes another one."""
        if self._kube is not None:
            self._kube.settle(failed=False)

    def _tell(self, event: Event) -> None:
        """Kubernetes is told what there is to tell. A run with nothing to do, or that waits for a moment, has nothing."""
        if self._kube is None:
            inner = getattr(event, "event", event)
            known = isinstance(inner, Applying | Failed) or (isinstance(inner, Waiting) and inner.waited >= 3.0)
            if not known and type(inner).__name__ != "Running":
                return
            from lockmaster.kube.whoami import in_pod

            if not in_pod(os.environ):
                self._pod = None
                return
            from lockmaster.cli.render_kube import KubeRenderer

            self._kube = KubeRenderer(os.environ, self._pod or "", self.emit, self._secrets)
        self._kube(event)

    def _show(self, event: Event) -> None:
        """A log that nobody can write any more (its reader left, its disk is full) must not end a migration."""
        with self._showing, suppress(OSError, ValueError):
            self._render(event)


def _renderer(options: Options, stream: TextIO, secrets: Sequence[str]) -> Callable[[Event], None]:
    if options.log_format == "json" or (options.log_format == "auto" and not stream.isatty()):
        from lockmaster.cli.render_json import JsonRenderer

        return JsonRenderer(stream, secrets=secrets)
    from lockmaster.cli.render_text import TextRenderer

    return TextRenderer(stream, color=colored(options.color, stream), secrets=secrets)


def colored(wish: str, stream: TextIO) -> bool:
    """Whether to colour what goes to `stream`. NO_COLOR has made a "never" of the wish already."""
    return wish == "always" or (wish == "auto" and stream.isatty() and os.environ.get("TERM") != "dumb")
