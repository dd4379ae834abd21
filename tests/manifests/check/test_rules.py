"""Each rule finds what is wrong in its bad example, at the marked lines; no rule finds anything in any good one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockmaster.manifests.check.run import checks, examine
from lockmaster.manifests.stream import Stream

EXAMPLES = Path(__file__).parent / "examples"
MARK = "# <- here"
RULES = [check.RULE for check in checks()]
IDS = [rule.id for rule in RULES]


def found(text: str) -> list[tuple[str, int]]:
    report = examine([Stream("example.yaml", text)])
    return [(one.rule.id, one.object.line(*one.path)) for one in report.findings]


@pytest.mark.parametrize("rule", IDS)
def test_the_bad_example_is_found_where_it_is_wrong(rule: str) -> None:
    text = (EXAMPLES / f"{rule}.bad.yaml").read_text()
    wrong = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith(MARK)]
    assert [line for name, line in found(text) if name == rule] == wrong
    assert wrong


@pytest.mark.parametrize("rule", IDS)
def test_no_rule_finds_anything_in_a_good_example(rule: str) -> None:
    assert found((EXAMPLES / f"{rule}.good.yaml").read_text()) == []


def test_no_example_is_left_over() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {
        f"{rule}.{kind}.yaml" for rule in IDS for kind in ("bad", "good")
    }


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_says_what_happens_and_what_to_do(rule: object) -> None:
    title, effect, help_ = rule.title, rule.effect, rule.help  # type: ignore[attr-defined]
    assert all(text and not text.endswith(".") and "\n" not in text for text in (title, effect, help_))
    assert len(title) < 90
