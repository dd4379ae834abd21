"""Builds the segments of a script while its statements go by; keeps boundaries, never statements.

Guarantee: the segments, run one after the other, mean what the script means: a transactional segment is one
transaction, an "alone" one a single statement outside any, and a segment without statements does not exist.
"""

from __future__ import annotations

from lockmaster.sql.scan import Lines, Note, Script, Segment, excerpt

NOTES_OF_A_KIND = 100  # a script with a million SETs must not fill the memory with notes
PART = 4 << 20  # bytes of a segment after which a part may end; what is smaller than two of them has no parts


class Alone:
    """What is known of a statement that refuses a transaction."""

    __slots__ = ("if_exists", "name", "table", "what")

    def __init__(
        self, what: str, table: tuple[str, ...] = (), name: tuple[str, ...] = (), *, if_exists: bool = False
    ) -> None:
        self.what = what
        self.table = table
        self.name = name
        self.if_exists = if_exists


class Segments:
    """The segments and notes so far, and the one that is open."""

    def __init__(self, script: bytes) -> None:
        self.statements = 0
        self.explicit = False  # inside the script's own BEGIN
        self.held = 0  # statements in the open segment, its BEGIN and the like not counted
        self.fresh = True  # nothing but SET stands in the open segment
        self.modes = ""
        self._script = script
        self._lines = Lines(script)
        self._done: list[Segment] = []
        self._notes: list[Note] = []
        self._noted: dict[str, int] = {}
        self._blanks: list[tuple[int, int]] = []
        self._settings: dict[bytes, tuple[int, int]] = {}  # by text: of equal ones only the last counts
        self._start = -1
        self._line = 0
        self._end = -1
        self._part = -1  # where the last part begins
        self._parts: list[int] = []

    def add(self, start: int, end: int, *, fresh: bool = False) -> None:
        """Take an ordinary statement; `fresh`: it is a SET, after which SET TRANSACTION may still come."""
        self._reach(start, end)
        self.held += 1
        self.fresh = self.fresh and fresh

    def blank(self, start: int, end: int) -> None:
        """A statement that the runner does itself: overwritten, so that offsets and lines stay true."""
        self._reach(start, end)
        self._blanks.append((start, end))

    def begin(self, start: int, end: int, modes: str) -> None:
        """Take the script's own BEGIN: what stands before it in the segment joins its transaction."""
        self.blank(start, end)
        self.explicit = True
        self.modes = modes or self.modes

    def finish(self, start: int, end: int, *, rolled_back: bool, chain: bool) -> None:
        """The script's own COMMIT or ROLLBACK; `chain` begins the next transaction with the same modes."""
        self.blank(start, end)
        modes = self.modes
        self.cut(rolled_back=rolled_back)
        self.explicit = chain
        self.modes = modes if chain else ""

    def alone(self, start: int, end: int, known: Alone) -> None:
        """A statement that gets a segment of its own."""
        self.cut()
        self._done.append(
            Segment(
                "alone",
                start,
                end,
                self._lines.at(start),
                what=known.what,
                table=known.table,
                name=known.name,
                if_exists=known.if_exists,
            )
        )

    def cut(self, *, rolled_back: bool = False) -> None:
        """End the open segment; one without statements is dropped."""
        if self.held:
            blanks, settings = tuple(self._blanks), tuple(self._settings.values())
            self._done.append(
                Segment(
                    "transaction", self._start, self._end, self._line, blanks, self.modes, rolled_back,
                    settings=() if rolled_back else settings, parts=self._parts_of_all(),
                )
            )  # fmt: skip
        self._blanks.clear()
        self._settings.clear()
        self._parts.clear()
        self._start = -1
        self.held = 0
        self.fresh = True
        self.modes = ""
        self.explicit = False

    def note(self, kind: str, start: int, end: int, at: int | None = None) -> None:
        """Remember that this statement does something of this kind, at `at` if that is not its beginning."""
        seen = self._noted.get(kind, 0)
        if seen < NOTES_OF_A_KIND:
            self._noted[kind] = seen + 1
            line = self._lines.at(start if at is None else at)
            self._notes.append(Note(kind, line, excerpt(self._script, start, end)))

    def setting(self, start: int, end: int) -> None:
        """This statement sets something for the session, and nothing else: said again, it does so again."""
        text = self._script[start:end]
        self._settings.pop(text, None)
        self._settings[text] = (start, end)

    def script(self, first: str) -> Script:
        """All of it; an unfinished BEGIN simply ends here."""
        self.cut()
        return Script(tuple(self._done), tuple(self._notes), self.statements, first)

    def _parts_of_all(self) -> tuple[int, ...]:
        """Where parts begin; the last one is as big as the others, so that few statements more make no part more."""
        if self._parts and self._end - self._parts[-1] < PART:
            self._parts.pop()
        return tuple(self._parts)

    def _reach(self, start: int, end: int) -> None:
        if self._start < 0:
            self._start = self._part = start
            self._line = self._lines.at(start)
        elif start - self._part >= PART:
            self._part = start
            self._parts.append(start)
        self._end = end
