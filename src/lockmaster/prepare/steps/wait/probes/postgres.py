"""`postgres://user:password@host/db`: a session is given and answers SELECT 1. The same URL as for migrations.

A standby is ready too; `?target_session_attrs=read-write` (libpq's own) waits for a server that takes writes. A wrong
password is a state like any other: it is shown, and tried again until the end, because a Secret can be repaired.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from lockmaster.clock import Deadline, SystemClock
from lockmaster.databases.postgres.url import parse
from lockmaster.prepare.steps.wait.address import password
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen, Target
from lockmaster.stop import Stop

if TYPE_CHECKING:
    from typing import Any

    from lockmaster.prepare.steps.wait.spec import Wanted


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    return parse(wanted.url).shown


def probe(target: Target, look: Look) -> Seen:
    """Connect, and ask the smallest question."""
    from lockmaster.databases.postgres.connecting import ConnectFailedError, attempt

    look.doing = "connecting"
    stop = Stop()  # of this look alone: who stops the wait does not wait for the look
    clock = SystemClock(stop)
    try:
        wire = attempt(_keywords(target), stop, clock, Deadline(clock, look.left()), Deadline(clock, None))
    except ConnectFailedError as error:
        raise NotReadyError(error.text[:1].lower() + error.text[1:]) from error
    finally:
        stop.close()
    try:
        _ask(wire.connection, look)
    finally:
        wire.close()
    return Seen(ready=True)


def _keywords(target: Target) -> dict[str, str]:
    wanted = target.wanted
    keywords = dict(parse(wanted.url).keywords)
    if wanted.user:
        keywords["user"] = wanted.user
    if secret := password(target, wanted.password):
        keywords["password"] = secret
    return {"application_name": "lockmaster/wait"} | keywords


def _ask(connection: Any, look: Look) -> None:
    import psycopg2
    from psycopg2 import extensions as ext

    look.doing = "SELECT 1"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            while (state := connection.poll()) != ext.POLL_OK:
                wanted = ([connection], []) if state == ext.POLL_READ else ([], [connection])
                select.select(*wanted, [], look.left())
    except psycopg2.Error as error:
        raise NotReadyError(str(error).strip().partition("\n")[0]) from error
