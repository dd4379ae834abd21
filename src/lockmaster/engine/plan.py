"""What has to be done: folder against history. Pure, and made anew after every read that counts.

A plan made without the turn is only for showing: between the read and the lock somebody else may have applied it all.
"""

from __future__ import annotations

from lockmaster.engine.model import Plan
from lockmaster.errors import HistoryMismatchError, SchemaTooNewError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.engine.model import Migration, Policy, Record
    from lockmaster.engine.ports import Source


def make(source: Source, migrations: Sequence[Migration], records: Sequence[Record], policy: Policy) -> Plan:
    """Compare `migrations` (in their order) with `records`. Raises UsageError when `policy.to` names none of them."""
    wanted = up_to(migrations, policy.to)
    # of several rows of one migration an open one wins, as it does for Prisma (P3009)
    by_id = {record.id: record for record in sorted(records, key=lambda record: record.state == "open")}
    known = {migration.id for migration in migrations}
    done = [m for m in wanted if (record := by_id.get(m.id)) and record.state == "applied"]
    # a repeatable one is never edited: other content is what makes it run again, whatever the policy
    compared = (m for m in done if m.repeatable or policy.checksum != "ignore")
    edited = tuple(m for m in compared if not source.same(by_id[m.id].checksum, m))
    opened = tuple(by_id[m.id] for m in wanted if m.id in by_id and by_id[m.id].state == "open")
    versioned = [m for m in done if not m.repeatable]
    newest = versioned[-1].id if versioned else None
    strange = [record for record in records if record.id not in known and not record.repeatable]
    last = next((m.id for m in reversed(migrations) if not m.repeatable), None)
    ahead = tuple(r.label for r in strange if last is None or source.compare(r.id, last) > 0)
    again = tuple(m for m in edited if m.repeatable)
    # an older image would put its own content back over that of the newer one
    pending = tuple(m for m in wanted if m.id not in by_id) + (() if ahead else again)
    return Plan(
        pending=pending,
        applied=tuple(done),
        open=opened,
        ahead=ahead,
        missing=tuple(r.label for r in strange if r.label not in ahead),
        edited=tuple(m for m in edited if not m.repeatable),
        out_of_order=tuple(m for m in pending if newest and not m.repeatable and source.compare(m.id, newest) < 0),
        kept=tuple(m.label for m in again) if ahead else (),
        level=versioned[-1].label if versioned else "",
    )


def up_to(migrations: Sequence[Migration], to: str) -> Sequence[Migration]:
    """The migrations up to and with the one that `to` names by id, by label, or by the version in front of it."""
    if not to:
        return migrations
    for index, migration in enumerate(migrations):
        if to in {migration.id, migration.label} or migration.label.startswith(f"{to}_"):
            return migrations[: index + 1]
    from difflib import get_close_matches

    close = get_close_matches(to, [m.label for m in migrations], 1, 0.5)
    raise UsageError(
        f"there is no migration {to} in this folder",
        hint=f"did you mean {close[0]}?" if close else "`lockmaster status` lists them",
    )


def refuse(plan: Plan, policy: Policy) -> None:
    """Raise when something must not be gone over: before anything runs, and only when something is to run."""
    if plan.ahead and policy.ahead == "fail":
        raise SchemaTooNewError(
            f"the database is ahead of this image: it knows {_some(plan.ahead)}",
            hint="deploy an image that has these migrations, or allow it with --ahead=warn",
        )
    if plan.current:
        return
    if plan.edited and policy.checksum == "fail":
        raise HistoryMismatchError(
            f"edited after it was applied: {_some([m.label for m in plan.edited])}",
            hint="put the file back as it was and write a new migration, or go on with --checksum=warn",
        )
    if plan.missing and policy.checksum == "fail":
        raise HistoryMismatchError(
            f"applied, and missing from the folder: {_some(plan.missing)}",
            hint="restore the file (is the folder complete in this image?), or go on with --checksum=warn",
        )
    if plan.out_of_order and policy.out_of_order == "fail":
        raise HistoryMismatchError(
            f"out of order: {_some([m.label for m in plan.out_of_order])} comes before {plan.level}, which is applied",
            hint="give it a newer version, or allow it with --out-of-order=allow",
        )


def oddities(plan: Plan, policy: Policy) -> list[tuple[str, str]]:
    """(message, hint) of what is odd and stops nothing, for warnings."""
    found: list[tuple[str, str]] = []
    if plan.ahead:
        image = plan.level or "nothing"
        text = f"the schema is ahead of this image: the image knows up to {image}, the database {_some(plan.ahead)} too"
        found.append((text, "an older image on a newer schema is ready; --ahead=fail refuses it"))
    if plan.kept:
        hint = "which may be of a newer image: this one changes it when it has that image's migrations, too"
        found.append((f"left with other content than this image has: {_some(plan.kept)}", hint))
    if plan.edited and policy.checksum in {"warn", "fail"}:
        found.append((f"edited after it was applied: {_some([m.label for m in plan.edited])}", ""))
    if plan.missing and policy.checksum in {"warn", "fail"}:
        found.append((f"applied, and missing from the folder: {_some(plan.missing)}", ""))
    if plan.out_of_order and policy.out_of_order == "allow":
        found.append((f"applied out of order: {_some([m.label for m in plan.out_of_order])}", ""))
    return found


def _some(labels: Sequence[str]) -> str:
    """At most five of them by name."""
    named = ", ".join(labels[:5])
    return named if len(labels) <= 5 else f"{named} and {len(labels) - 5} more"
