"""--fix: what is mended is silent afterwards, keeps its comments, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockmaster.manifests.check.mend import fixable, mend
from lockmaster.manifests.check.run import checks, examine
from lockmaster.manifests.stream import Stream, plain

EXAMPLES = Path(__file__).parent / "examples"
MENDED = [check.RULE.id for check in checks() if hasattr(check, "fix")]


def test_which_can_be_mended() -> None:
    assert MENDED == ["init-probe", "progress-deadline", "selector", "surge-zero", "termination-message"]


@pytest.mark.parametrize("rule", MENDED)
def test_mended_is_silent_and_only_little_changes(rule: str) -> None:
    text = (EXAMPLES / f"{rule}.bad.yaml").read_text()
    if rule == "selector":
        text = text.replace("  name: shop\n", "  name: shop\n  labels: {app: shop}\n", 1)
    stream = Stream("x", text)
    findings = examine([stream], checks(only=(rule,))).findings
    assert all(map(fixable, findings))
    assert mend(findings) == findings
    again = Stream("x", stream.text)
    assert examine([again], checks(only=(rule,))).findings == []
    changed = set(stream.text.splitlines()) ^ set(text.splitlines())
    assert 0 < len(changed) <= 8


def test_comments_and_order_stay() -> None:
    text = (EXAMPLES / "progress-deadline.bad.yaml").read_text().replace("kind:", "# first\nkind:")
    stream = Stream("x", f"# a file of ours\n{text}")
    mend(examine([stream]).findings)
    assert stream.text == f"# a file of ours\n{text}".replace(
        "progressDeadlineSeconds: 300", "progressDeadlineSeconds: 720"
    )


def test_a_selector_that_nothing_tells_is_left_to_a_person() -> None:
    stream = Stream("x", (EXAMPLES / "selector.bad.yaml").read_text())
    (finding,) = examine([stream]).findings
    assert not fixable(finding)
    assert mend([finding]) == []


def test_a_selector_takes_the_labels_of_the_pods() -> None:
    text = (EXAMPLES / "selector.good.yaml").read_text()
    stream = Stream("x", text.replace("  selector:\n    matchLabels: {app: shop}\n", ""))
    mend(examine([stream]).findings)
    assert plain(Stream("x", stream.text).documents[0].root) == plain(Stream("x", text).documents[0].root)


def test_json_is_mended_as_json() -> None:
    text = (
        '{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"selector": {"matchLabels": {"a": "b"}}, "strategy":'
        ' {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}, "template": {"metadata": {"labels": {"a": "b"}},'
        ' "spec": {"containers": [{"name": "x"}]}}}}\n'
    )
    stream = Stream("x", text)
    mend(examine([stream]).findings)
    assert stream.text == text.replace('"maxSurge": 0', '"maxSurge": 1')
