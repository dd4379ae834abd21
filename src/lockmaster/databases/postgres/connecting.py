"""Getting a connection that accepts work: names, attempts, and what an attempt's failure means.

psycopg2 gives no SQLSTATE for a failed connect (PROTOCOL-FACTS D4), so the server's English text decides, and what is
not understood is tried again until the time is over.
"""

from __future__ import annotations

import psycopg2

from lockmaster.clock import Deadline, ready
from lockmaster.databases.postgres.wire import Wire
from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lockmaster.clock import Clock
    from lockmaster.stop import Stop

SILENT = "it accepts connections and does not answer"
NO_ANSWER = "the name server does not answer"
ATTEMPT_SECONDS = 10.0  # a server or a path that accepts and stays silent
_CREDENTIALS = ("password authentication failed", "no password supplied", "no pg_hba.conf entry",
                "authentication failed", "permission denied for database", "is not permitted to log in",
                "no such user", "auth failed", "certificate authentication failed")  # fmt: skip
# how libpq refuses a parameter, some of them only while it connects
_NEVER = ("may not be used with", "definition of service", "could not parse network address", "setsockopt(TCP_")
# how libpq says that it would have taken the name of the process's user: a container's often has none in /etc/passwd
_NAMELESS = ("could not look up local user ID", "local user with ID")


class ConnectFailedError(Exception):
    """One attempt failed. `kind`: "retry", or "denied" and "missing", which get a grace of seconds only."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.text = text
        self.kind = kind


def attempt(keywords: dict[str, str], stop: Stop, clock: Clock, limit: Deadline, deadline: Deadline) -> Wire:
    """One try to connect. Raises ConnectFailedError, StoppedError."""
    one = Deadline(
        clock, min(limit.left(), deadline.left(), float(keywords.get("connect_timeout", 0)) or ATTEMPT_SECONDS)
    )
    target: dict[str, Any] = dict(keywords)
    target.pop("connect_timeout", None)  # libpq ignores it for an asynchronous connection; `one` is it
    if "hostaddr" not in target and (hosts := target.get("host", "")):
        target.update(_addresses(hosts, stop, one))
    try:
        wire = Wire(psycopg2.connect(**target, async_=True), stop, deadline)
        wire.connect(one)
    except TimeoutError:
        raise ConnectFailedError(SILENT, "retry") from None
    except psycopg2.Error as error:
        raise _failed(str(error)) from None
    return wire


def _failed(text: str) -> ConnectFailedError:
    """libpq's text, of one or many lines, as one fact."""
    lines = [line.strip() for line in text.replace("\t", " ").splitlines() if line.strip()]
    fact = next((line for line in lines if "FATAL" in line), lines[0] if lines else "unknown error")
    for cut in ("FATAL:", "failed:"):
        before, found, after = fact.partition(cut)
        fact = after.strip() if found and after.strip() else before.strip() if not found else fact
        if found and (socket := before.partition(' on socket "')[2].rpartition('"')[0]):
            fact = f"{socket}: {fact}"  # "No such file or directory" alone says nothing
    if any(words in fact for words in _NAMELESS):
        hint = "write it into the URL, postgresql://user@host/database, or set LOCKMASTER_USER"
        raise UsageError("the database URL names no user, and the user of this process has no name", hint=hint)
    low = text.lower()
    if "FATAL" not in text and (fact.startswith("invalid ") or any(words in fact for words in _NEVER)):
        raise UsageError(f"the database URL cannot be used: {fact}", hint="repair it; waiting does not help")
    if ('database "' in low and "does not exist" in low) or "no such database" in low:
        return ConnectFailedError(fact, "missing")
    if any(words in low for words in _CREDENTIALS) or ('role "' in low and "does not exist" in low):
        return ConnectFailedError(fact, "denied")
    return ConnectFailedError(fact, "retry")


def _addresses(hosts: str, stop: Stop, limit: Deadline) -> dict[str, str]:
    """libpq's `hostaddr` beside its `host`, for every host of the list that has to be looked up.

    A look-up inside libpq cannot be stopped (10 s on a silent name server, C6), so it happens in a thread here.
    """
    names = hosts.split(",")
    if all(_is_socket(name) or _numeric(name) for name in names):
        return {}
    found: list[str] = []
    kept: list[str] = []
    last = ""
    for name in names:
        if _is_socket(name) or _numeric(name):
            addresses: list[str] = ["" if _is_socket(name) else name]
        else:
            addresses, last = _look_up(name, stop, limit)
        found += addresses
        kept += [name] * len(addresses)
    if not found:
        raise ConnectFailedError(last, "retry")
    if len(names) != len(kept) and len(names) > 1:
        return {}  # several hosts of several addresses each, with their ports: libpq keeps those lists itself
    return {"host": ",".join(kept), "hostaddr": ",".join(found)}


def _look_up(name: str, stop: Stop, limit: Deadline) -> tuple[list[str], str]:
    """(addresses, why there are none). Raises StoppedError and, when the name server is silent, ConnectFailedError."""
    import _thread
    import os
    import socket

    read, write = os.pipe()
    answer: list[str] = []
    failure: list[str] = []

    def work() -> None:
        try:
            rows = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            answer.extend(dict.fromkeys(str(row[4][0]) for row in rows))
        except OSError as error:
            failure.append(f"cannot resolve {name}: {error.strerror or error}")
        except UnicodeError:  # an empty part, or one of more than 63 characters
            failure.append("")
        os.write(write, b"x")
        os.close(write)

    _thread.start_new_thread(work, ())
    answered = ready([read, stop], limit.left())
    stop.check()
    if not answered:
        raise ConnectFailedError(f"cannot resolve {name}: {NO_ANSWER}", "retry")
    os.close(read)
    if failure == [""]:
        raise UsageError(f"the database URL has a host that no name server can know: {name}", hint="correct the host")
    return answer, (failure or [f"cannot resolve {name}"])[0]


def _is_socket(host: str) -> bool:
    """A folder of sockets; empty in a list of hosts it is libpq's own."""
    return not host or host.startswith("/")


def _numeric(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
