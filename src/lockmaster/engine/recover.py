"""What an interrupted record means. Under the turn only: seen before it, the record may be of work in progress.

A record with a journal of ours is continued by evidence. A row that the original tool left is finished when it had
committed, repeated only where a repeat would betray itself, and else it is a person's matter (PROTOCOL-FACTS A3).
"""

from __future__ import annotations

from lockmaster import events
from lockmaster.engine import report
from lockmaster.engine.apply import person
from lockmaster.engine.failures import NeedsSessionError, ServerError
from lockmaster.engine.journal import Journal, decode
from lockmaster.engine.pieces import Pieces, digest, excerpt, prefix, reread, unit
from lockmaster.errors import MigrationHalfDoneError, NoTurnError
from lockmaster.faults import Fault, reach
from lockmaster.sql.scan import ScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.engine.apply import Applier
    from lockmaster.engine.model import Policy, Record
    from lockmaster.engine.pieces import Prepared
    from lockmaster.events import Emit
    from lockmaster.sql.scan import Script


def recover(applier: Applier, record: Record, prepared: Prepared, policy: Policy, emit: Emit) -> None:
    """Bring an open record to its end. Raises MigrationHalfDoneError when only a person can."""
    if policy.recover == "never":
        raise _ask(record, prepared, "it was begun and not finished, and --recover=never")
    if _begun_twice(applier, record):
        raise _ask(record, prepared, "it was begun more than once, and none of these runs finished its record")
    journal = decode(record.journal)
    if journal is not None:
        _continue(applier, record, prepared, journal, emit)
    elif record.steps >= 1:
        _finish(applier, prepared, emit)
    else:
        _repeat(applier, record, prepared, emit)
    reach(Fault.RECOVERED)


def _begun_twice(applier: Applier, record: Record) -> bool:
    """Several open rows: Prisma ran without its lock, and which row tells how far the work got, nobody knows."""
    records = applier.session.read(applier.history).records
    return sum(other.id == record.id and other.state == "open" for other in records) > 1


def _continue(applier: Applier, record: Record, prepared: Prepared, journal: Journal, emit: Emit) -> None:
    """Our own journal: what is done is known, what was about to happen is judged by evidence."""
    if not applier.session.caps.session_state:
        raise NeedsSessionError([f"{prepared.migration.path} was begun, and goes on piece by piece"])
    parsed, same = _as_it_was_cut(applier, prepared, journal)
    if not same:
        raise _ask(
            record, prepared, f"its first {journal.done} of {journal.total} pieces are in effect, and were edited since"
        )
    prepared = prepared._replace(parsed=parsed, cuts=tuple(journal.cuts))
    start = journal.done
    if journal.intent:
        if not _is_there(Pieces(applier.history, prepared, applier.source), journal):
            raise _ask(
                record, prepared, f"it was interrupted in a statement that was edited since: {journal.statement}"
            )
        start += _judged(applier, prepared, journal, emit)
    else:
        emit(events.Recovered(record.label, f"going on after piece {journal.done} of {journal.total}"))
    if start < len(parsed.segments):
        applier.pieces(prepared, announce=False, start=start, begun=True, written=record.journal)
        return
    applier.session.write(applier.history.finish(prepared.migration, prepared.checksum))
    applier.applied.append(record.label)


def _as_it_was_cut(applier: Applier, prepared: Prepared, journal: Journal) -> tuple[Script, bool]:
    """The parse in which the server's own refusals are cut out too (D2); whether what is in effect is in it unchanged."""
    script, parsed = reread(applier.source, prepared), prepared.parsed
    for offset in journal.cuts:
        try:
            parsed = applier.session.dialect.cut_alone(script, parsed, offset)
        except ScriptError:  # the file was edited above it, which its hash tells
            break
    return parsed, not journal.done or prefix(script, parsed.segments, journal.done) == journal.prefix


def _is_there(pieces: Pieces, journal: Journal) -> bool:
    """Whether the statement of the intent is still the next one: the evidence is of that statement and no other."""
    if journal.done >= pieces.total or pieces.segments[journal.done].kind != "alone":
        return False
    body = pieces.alone(journal.done).body
    return journal.about in ("", digest(body)) and journal.statement == excerpt(body)


def _judged(applier: Applier, prepared: Prepared, journal: Journal, emit: Emit) -> int:
    """1 when the statement of the intent took effect, 0 when it is to be run (again)."""
    pieces = Pieces(applier.history, prepared, applier.source)
    alone = pieces.alone(journal.done)
    verdict = applier.session.judge(alone, journal.evidence, answered=False)
    if verdict.state == "person":
        raise person(alone, verdict.text, verdict.command, journal.total, journal.done)
    emit(events.Recovered(prepared.migration.label, f"interrupted at line {alone.line}: {verdict.text}"))
    return 1 if verdict.state == "done" else 0


def _finish(applier: Applier, prepared: Prepared, emit: Emit) -> None:
    """Prisma counts the step after the script's commit, so a row with a step belongs to work that is in effect."""
    applier.session.write(applier.history.finish(prepared.migration, prepared.checksum))
    applier.applied.append(prepared.migration.label)
    emit(events.Recovered(prepared.migration.label, "its script had committed: the record was finished"))


def _repeat(applier: Applier, record: Record, prepared: Prepared, emit: Emit) -> None:
    """Killed before or after its commit: the same row. A repeat that starts with DDL fails when it was done before."""
    if not (prepared.plain and prepared.parsed.first) or prepared.kinds & {"own-transaction"}:
        raise _ask(
            record, prepared, "a failed or interrupted run left its record, and nothing shows how far its script got"
        )
    one = unit(applier.source, applier.history, prepared, announce=False)
    busy = applier.session.running_elsewhere(one.body)
    if busy:
        raise NoTurnError(
            f"migration {record.label} is being run by {busy}, which took no turn",
            hint="wait until it ends; is PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK set there?",
        )
    one = one._replace(rows=applier.history.undo(record, "lockmaster: run again") + one.rows)
    try:
        applier.session.run([one], applier.history.count([prepared.migration]), 1)
    except ServerError as error:
        if error.done_before:
            why = (
                f"its repeat fails with {error.sqlstate or 'an error'}: {error.text}: it seems to be in effect already"
            )
            raise _ask(record, prepared, why) from error
        if error.kind == "busy":
            raise report.gave_way(error, record.label, 0.0) from error
        where = report.Where(record.label, prepared.migration.path, one.body, one.line)
        raise report.failed(error, where, applier.session.dialect) from error
    applier.applied.append(record.label)
    emit(events.Recovered(record.label, "its interrupted run had left nothing: it was applied now"))


def _ask(record: Record, prepared: Prepared, why: str) -> MigrationHalfDoneError:
    log = " ".join(record.journal.split())[:300]
    details = {"migration": record.label, "file": prepared.migration.path}
    if record.started_at:
        details["started"] = record.started_at
    if log and decode(record.journal) is None:
        details["log of that run"] = log
    return MigrationHalfDoneError(
        f"migration {record.label} needs a person: {why}",
        hint=f"look whether its changes are in the database, then either: lockmaster resolve --applied {record.label}"
        f"  or: lockmaster resolve --rolled-back {record.label}",
        details=details,
    )
