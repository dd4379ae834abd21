"""Looks at one object until it is what it is to be: one request, then one watch that stays open for about a minute.

A herd of a hundred waiters costs the API server a hundred open watches and about three requests per second; where
watching is not allowed it is asked again and again, with pauses that grow to ten seconds. A watch begins at the version
that was seen last, also after a lost connection and a restarted API server, so that it tells how an object ended that
is not there any more; a version that is too old for that (410) is let go.
"""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

from lockmaster.errors import LockmasterError
from lockmaster.kube.asking import Asking
from lockmaster.kube.facts import Seen

if TYPE_CHECKING:
    from lockmaster.kube.api import Api
    from lockmaster.kube.target import Aim


class Observer:
    """Watches one object in a thread of its own, from the first look until it is ready, has failed, or close()."""

    def __init__(self, api: Api, aim: Aim) -> None:
        self._asking = Asking(api, aim)
        self._changed = threading.Condition()
        self._seen = Seen(ready=False, state="asking the Kubernetes API server")
        self._error: LockmasterError | None = None
        self._number = self._told = 0
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self, seconds: float) -> Seen:
        """The state, as soon as it is another one than the last look gave, or after so many seconds.

        Raises what it failed with for good: StepFailedError, or AccessDeniedError once the grace is over.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="kube", daemon=True)
            self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._number != self._told, seconds)
            self._told = self._number
            if self._error is not None:
                raise self._error
            return self._seen

    def close(self) -> None:
        """Look no more. The thread ends by itself."""
        self._closed.set()

    def _run(self) -> None:
        try:
            while not self._closed.is_set():
                with closing(self._asking.round()) as states:
                    for seen in states:
                        self._tell(seen)
                        if seen.ready or seen.failure or self._closed.is_set():
                            return
                self._closed.wait(self._asking.pause)
        except Exception as error:  # noqa: BLE001 - carried to who looks
            wrapped = error if isinstance(error, LockmasterError) else LockmasterError(f"Kubernetes: {error!r}")
            self._tell(Seen(ready=False, state="", failure=wrapped))

    def _tell(self, seen: Seen) -> None:
        with self._changed:
            if seen != self._seen:
                self._seen, self._error = seen, seen.failure
                self._number += 1
                self._changed.notify_all()
