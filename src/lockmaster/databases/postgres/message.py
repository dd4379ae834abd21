"""Messages: what is sent to the server as one piece. Pure text, and the map from a place in it back to the file.

One message holds several transactions, `BEGIN ...; proof; script; rows; COMMIT`, one per migration: each commits with
its own record, and the lot costs one round trip. A big script is one transaction in several messages, because driver
and libpq keep three copies of a message, and of one with an error ten times its size.
"""

from __future__ import annotations

from itertools import pairwise

from lockmaster.databases.postgres.errors import TURN_LOST
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lockmaster.engine.model import Unit

_CHANGES_SESSION = frozenset({"session-set", "role", "lexing", "temp", "listen", "prepare", "drops-turn"})
DISCARD_TEMP = "DISCARD TEMP;"
BIG = 8 << 20  # bytes of one message; a script of this size is sent in parts

# in milliseconds; the setting itself is text with a unit of its own choice
DEADLOCK_TIMEOUT = (
    "(1000 * pg_catalog.date_part('epoch', pg_catalog.current_setting('deadlock_timeout')::pg_catalog.interval))::int"
)


class Limits(NamedTuple):
    """Timeouts in milliseconds that go into each transaction; 0 for none."""

    lock_timeout: int
    statement_timeout: int


class Settings(NamedTuple):
    """What a session of ours needs: text that is sent in front of a later message."""

    session: str  # SETs of the session
    local: str  # SET LOCALs that each transaction starts with, behind a pooler
    put_back: str  # after a script that changed the session; temporary tables stay until its migration ends


class Chunk(NamedTuple):
    """Text that is sent as a whole: words of ours, or a stretch of a unit's body."""

    text: bytes
    unit: int = -1
    offset: int = 0  # of the stretch in the body


class Place(NamedTuple):
    """Where a stretch of a unit's body lies in a message, in bytes."""

    unit: int
    start: int
    end: int
    offset: int  # in the body


class Message(NamedTuple):
    """A composed message and where the bodies are in it."""

    text: bytes
    places: tuple[Place, ...]
    passed: int | None = None  # bytes of the body in the messages before it; None: it is the first one

    def locate(self, offset: int) -> tuple[int, int] | None:
        """(index of the unit, offset in its body) for an offset in the message; None outside of every body."""
        for place in self.places:
            if place.start <= offset <= place.end:
                return place.unit, place.offset + offset - place.start
        return None


def session_settings(version: int, search_path: str) -> Settings:
    """SETs for this server version. Together they end an orphan in seconds (C1), and keep a holder alive (B1, B2).

    The keepalives make the server notice a dead network; the check interval makes it look while a statement runs;
    neither does it alone.
    """
    sets = [
        "tcp_keepalives_idle = 5", "tcp_keepalives_interval = 2", "tcp_keepalives_count = 3",
        "tcp_user_timeout = 10000", "idle_in_transaction_session_timeout = 0",
    ]  # fmt: skip
    if version >= 14_00_00:
        sets += ["idle_session_timeout = 0", "client_connection_check_interval = 1000"]
    if version >= 17_00_00:
        sets.append("transaction_timeout = 0")
    local = [item for item in sets if not item.startswith("tcp_") and not item.startswith("idle_session")]
    if search_path:
        sets.append(f"search_path = {search_path}")
        local.append(f"search_path = {search_path}")
    # a statement that refuses a transaction has no BEGIN of ours to say these
    sets += ["default_transaction_read_only = off", "default_transaction_isolation = 'read committed'"]
    session = "".join(f"SET {item};" for item in sets)
    put_back = "RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL;" + session
    return Settings(session, "".join(f"SET LOCAL {item};" for item in local), put_back)


def proof(key: int) -> str:
    """A statement that fails unless this session has held the turn all the time since it was taken.

    The turn is taken twice, so that one of the two can be given back and taken again: only a session that holds it
    can give it back. The third, transaction-level lock stays even when the script itself drops the session's locks.
    The key is quoted because the server would plan a cast of a bare one, three times in each transaction.
    """
    held = f"pg_catalog.pg_advisory_unlock('{key}')"
    again = f"pg_catalog.pg_try_advisory_lock('{key}')"
    ours = f"pg_catalog.pg_try_advisory_xact_lock('{key}')"
    return f"SELECT (CASE WHEN {held} AND {again} AND {ours} THEN '1' ELSE '{TURN_LOST}' END)::pg_catalog.int4;"


def begin(limits: Limits, modes: str = "", local: str = "") -> str:
    """BEGIN that does not depend on the database's defaults: a stricter isolation reads too early (A4)."""
    timeouts = f"SET LOCAL lock_timeout = {limits.lock_timeout};"
    if limits.statement_timeout:
        timeouts += f"SET LOCAL statement_timeout = {limits.statement_timeout};"
    level = modes if "ISOLATION" in modes.upper() else f"ISOLATION LEVEL READ COMMITTED {modes}"
    # the record is written in it, so READ ONLY (of the script's own BEGIN) cannot stay
    words = level.replace("READ ONLY", "").replace("READ WRITE", "").replace(", ,", ",").strip(" ,")
    return f"BEGIN {words} READ WRITE;{local}{timeouts}"


def channel(key: int) -> str:
    """Name of the channel on which the holder announces; lower case, so that nobody needs quotes."""
    return f"lockmaster_{key}"


def announce(key: int) -> str:
    return f"SELECT pg_catalog.pg_notify('{channel(key)}', '');"


def compose(
    units: Sequence[Unit], proven: str, key: int, limits: Limits, settings: Settings, receipt: str
) -> Iterator[Chunk]:
    """All units one after the other, with the receipt (a SELECT of one number) as the last statement.

    `proven` is what proves the turn in each transaction: `proof`, or an EXECUTE of it.
    """
    for index, unit in enumerate(units):
        yield Chunk((begin(limits, unit.modes) + proven).encode() + unit.settings)
        yield from stretches(index, unit)
        end = tail(unit, proven, key, limits, settings)
        yield Chunk(end + receipt.encode() if index + 1 == len(units) else end)


def stretches(index: int, unit: Unit) -> Iterator[Chunk]:
    """The unit's body, part by part."""
    for start, end in pairwise((0, *unit.parts, len(unit.body))):
        yield Chunk(unit.body[start:end], index, start)


def messages(chunks: Iterable[Chunk], most: int) -> Iterator[Message]:
    """The chunks in as few messages as possible that have at most `most` bytes, or are a single chunk."""
    parts: list[bytes] = []
    places: list[Place] = []
    size = sent = 0
    passed: int | None = None
    for chunk in chunks:
        if parts and size + len(chunk.text) > most:
            yield Message(b"".join(parts), tuple(places), passed)
            sent += sum(place.end - place.start for place in places)
            parts, places, size, passed = [], [], 0, sent
        if chunk.unit >= 0:
            places.append(Place(chunk.unit, size, size + len(chunk.text), chunk.offset))
        parts.append(chunk.text)
        size += len(chunk.text)
    yield Message(b"".join(parts), tuple(places), passed)


def tail(unit: Unit, proven: str, key: int, limits: Limits, settings: Settings) -> bytes:
    """What follows a body: starts on a line of its own, because the script may end in a comment without newline (A2)."""
    text = "\n;"
    if unit.rolled_back:
        text += "ROLLBACK;" + begin(limits) + proven
    # a script's SET LOCAL ROLE would else write our rows without the right to (D3)
    text += "RESET SESSION AUTHORIZATION;RESET ROLE;" + ";".join(unit.rows) + ";"
    if unit.announce:
        text += announce(key)
    text += "COMMIT;"
    if unit.notes & _CHANGES_SESSION:
        text += settings.put_back + (DISCARD_TEMP if unit.last else "")
    return text.encode()
