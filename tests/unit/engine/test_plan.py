"""Folder against history: what is pending, what is odd, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lockmaster.engine import plan as planning
from lockmaster.engine.model import Plan, Policy, Record
from lockmaster.errors import HistoryMismatchError, SchemaTooNewError, UsageError
from lockmaster.formats.digest import checksum
from lockmaster.formats.native import NativeSource

Make = Callable[..., Plan]
FILES = ("1_a", "2_b", "10_c", "repeatable/v")
STRICT, LENIENT = Policy(), Policy("warn", "warn", "allow")


def record(label: str, state: str = "applied", text: str | None = None) -> Record:
    repeatable = label.startswith("repeatable/")
    ident = label if repeatable else str(int(label.partition("_")[0]))
    digest = checksum((label if text is None else text).encode())
    return Record(ident, label, digest, state, repeatable=repeatable)  # type: ignore[arg-type]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make(*records, policy=...) plans a folder of FILES, each of which holds its own name."""

    def plan(*records: Record, policy: Policy = STRICT) -> Plan:
        for label in FILES:
            path = tmp_path / f"{label}.sql"
            path.parent.mkdir(exist_ok=True)
            path.write_text(label)
        source = NativeSource(str(tmp_path))
        return planning.make(source, source.migrations(), records, policy)

    return plan


def labels(plan: Plan) -> tuple[str, ...]:
    return tuple(migration.label for migration in plan.pending)


def test_an_empty_history(make: Make) -> None:
    plan = make()
    assert (labels(plan), plan.applied, plan.level, plan.current) == (FILES, (), "", False)


def test_everything_is_applied(make: Make) -> None:
    plan = make(*map(record, FILES))
    assert (plan.pending, plan.level, plan.current) == ((), "10_c", True)
    planning.refuse(plan, Policy("fail", "fail", "fail"))
    assert planning.oddities(plan, Policy()) == []


@pytest.mark.parametrize("to", ["2", "2_b"])
def test_up_to_a_version(make: Make, to: str) -> None:
    plan = make(record("1_a"), policy=Policy(to=to))
    assert labels(plan) == ("2_b",)
    assert make(record("1_a"), record("2_b"), policy=Policy(to=to)).current


@pytest.mark.parametrize("to", ["3", "02", "2_", "b"])
def test_up_to_what_is_not_there(make: Make, to: str) -> None:
    with pytest.raises(UsageError, match=f"there is no migration {to} in this folder"):
        make(policy=Policy(to=to))


def test_an_open_record_is_work(make: Make) -> None:
    plan = make(record("1_a", "open"), *map(record, FILES[1:]))
    assert ([r.label for r in plan.open], plan.pending, plan.current) == (["1_a"], (), False)


@pytest.mark.parametrize("rows", [("open", "applied"), ("applied", "open")])
def test_of_several_records_an_open_one_wins(make: Make, rows: tuple[str, str]) -> None:
    plan = make(*(record("1_a", state) for state in rows), *map(record, FILES[1:]))
    assert (len(plan.open), plan.current) == (1, False)


def test_out_of_order(make: Make) -> None:
    plan = make(record("1_a"), record("10_c"))
    assert [m.label for m in plan.out_of_order] == ["2_b"]
    with pytest.raises(HistoryMismatchError, match="out of order: 2_b comes before 10_c"):
        planning.refuse(plan, Policy())
    planning.refuse(plan, LENIENT)
    assert planning.oddities(plan, LENIENT)[0][0] == "applied out of order: 2_b"


def test_edited(make: Make) -> None:
    plan = make(record("1_a", text="other"))
    assert [m.label for m in plan.edited] == ["1_a"]
    with pytest.raises(HistoryMismatchError, match="edited after it was applied: 1_a"):
        planning.refuse(plan, Policy())
    planning.refuse(plan, LENIENT)
    ignored = make(record("1_a", text="other"), policy=Policy(checksum="ignore"))
    assert (ignored.edited, planning.oddities(ignored, Policy(checksum="ignore"))) == ((), [])


def test_edited_stops_nothing_where_nothing_is_pending(make: Make) -> None:
    plan = make(record("1_a", text="other"), *map(record, FILES[1:]))
    planning.refuse(plan, Policy())
    assert planning.oddities(plan, Policy()) == [("edited after it was applied: 1_a", "")]


def test_missing(make: Make) -> None:
    plan = make(record("1_a"), record("5_gone"))
    assert (plan.missing, plan.ahead) == (("5_gone",), ())
    with pytest.raises(HistoryMismatchError, match="missing from the folder: 5_gone"):
        planning.refuse(plan, Policy())
    planning.refuse(plan, LENIENT)


def test_ahead(make: Make) -> None:
    plan = make(*map(record, FILES), record("11_d"))
    assert (plan.ahead, plan.missing, plan.current) == (("11_d",), (), True)
    planning.refuse(plan, Policy())
    ((message, _),) = planning.oddities(plan, Policy())
    assert "10_c" in message
    assert "11_d" in message
    with pytest.raises(SchemaTooNewError, match="it knows 11_d"):
        planning.refuse(plan, Policy(ahead="fail"))


def test_a_repeatable_one_runs_again_when_its_content_changed(make: Make) -> None:
    plan = make(*map(record, FILES[:3]), record("repeatable/v", text="older"))
    assert (labels(plan), plan.edited, plan.current) == (("repeatable/v",), (), False)
    planning.refuse(plan, Policy())


def test_a_repeatable_one_of_another_image_is_nobody_s_matter(make: Make) -> None:
    plan = make(*map(record, FILES), record("repeatable/other"))
    assert (plan.ahead, plan.missing, plan.current) == ((), (), True)


def test_a_repeatable_one_is_kept_where_the_database_is_ahead(make: Make) -> None:
    """An old pod that started again in the middle of a roll-out put its old view back over the new one."""
    plan = make(*map(record, FILES[:3]), record("repeatable/v", text="newer"), record("11_d"))
    assert (plan.pending, plan.kept, plan.current) == ((), ("repeatable/v",), True)
    assert "repeatable/v" in planning.oddities(plan, Policy())[1][0]
