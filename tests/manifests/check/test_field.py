"""Manifests as people have them: which rules fire, each with its line, and that nothing else does.

What stands in `field` is written in the manner of well-known charts; `manifests` holds the two example manifests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lockmaster.manifests.check.run import examine
from lockmaster.manifests.stream import read

HERE = Path(__file__).parent
EXPECTED: dict[str, list[str]] = {
    "manifests/web-with-migration.yaml": [
        "7 error selector",
        "12 warning init-deadline",
        "12 warning runs-as-root",
        "12 warning unlocked-replicas",
        "12 info termination-message",
        "13 warning latest-tag",
        "16 error plain-password",
        "27 warning latest-tag",
        "32 error plain-password",
    ],
    "manifests/my-backend-deployment.yaml": [
        "16 warning init-deadline",
        "16 warning missing-resources",
        "16 warning runs-as-root",
        "16 info termination-message",
        "17 warning latest-tag",
        "19 info npx-download",
        "29 warning latest-tag",
    ],
    "field/airflow.yaml": [
        "7 warning hook-moment",
        "10 warning job-deadline",
        "17 warning job-restart-policy",
        "20 warning missing-resources",
        "20 info termination-message",
    ],
    "field/argo.yaml": [
        "29 info termination-message",
        "33 error hook-order",
        "34 error hook-order",
        "52 error unlocked-replicas",
        "52 warning init-deadline",
        "52 warning missing-resources",
        "52 warning runs-as-root",
        "52 info termination-message",
    ],
    "field/gitlab.yaml": [
        "13 warning job-restart-policy",
        "21 info termination-message",
        "24 warning missing-resources",
    ],
    "field/harbor.yaml": [
        "21 warning job-deadline",
        "29 warning missing-resources",
        "29 info termination-message",
    ],
    "field/keycloak.yaml": [
        "19 warning endless-wait",
    ],
    "field/monitoring.yaml": [],
    "field/temporal.yaml": [
        "8 warning job-deadline",
        "12 warning job-restart-policy",
        "17 warning missing-resources",
        "17 warning runs-as-root",
        "17 info termination-message",
        "20 warning missing-resources",
        "20 warning runs-as-root",
        "20 info termination-message",
    ],
    "field/umami.yaml": [
        "23 warning endless-wait",
        "25 warning runs-as-root",
        "26 warning latest-tag",
        "27 error exit-code-lost",
        "27 warning migrate-and-start",
        "27 info npx-download",
        "29 error env-order",
        "29 warning url-interpolation",
        "32 error probe-kills-migration",
    ],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_found(name: str) -> None:
    report = examine([read(str(HERE / name))])
    assert [f"{one.object.line(*one.path)} {one.severity} {one.rule.id}" for one in report.findings] == EXPECTED[name]


def test_all_of_them_are_looked_at() -> None:
    assert set(EXPECTED) == {f"{path.parent.name}/{path.name}" for path in HERE.glob("*/*.yaml")} - {
        f"examples/{path.name}" for path in (HERE / "examples").iterdir()
    }


def test_the_first_example_is_told_that_selector_and_labels_are_missing() -> None:
    report = examine([read(str(HERE / "manifests" / "web-with-migration.yaml"))])
    (message,) = [one.message for one in report.findings if one.rule.id == "selector"]
    assert message == "spec.selector and the labels of the pod template are missing"
