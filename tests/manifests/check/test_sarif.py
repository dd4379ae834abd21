"""SARIF 2.1.0: what the standard requires of a log (sections 3.13 to 3.49), and where a finding is said to be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lockmaster.manifests.check.run import checks
from tests.support.cli import run_cli

HERE = Path(__file__).parent
LEVELS = {"error", "warning", "note"}


def log(*names: str, cwd: Path = HERE) -> Any:
    return json.loads(run_cli(["kube", "check", *names, "--output", "sarif"], cwd=cwd).stdout)


def test_the_log_has_what_is_required() -> None:
    found = log("manifests", "examples/hook-order.bad.yaml")
    assert found["version"] == "2.1.0"
    assert urlsplit(found["$schema"]).scheme == "https"
    (run,) = found["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"]
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])
    assert set(run) == {"tool", "columnKind", "results"}
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}


def test_each_rule_is_described() -> None:
    rules = log("manifests")["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.RULE.id for check in checks()]
    for rule in rules:
        assert set(rule) == {"id", "shortDescription", "fullDescription", "help", "defaultConfiguration"}
        assert all(rule[key]["text"].endswith(".") for key in ("shortDescription", "fullDescription", "help"))
        assert rule["help"]["text"].endswith(f"--explain {rule['id']}.")
        assert rule["defaultConfiguration"]["level"] in LEVELS


def test_each_result_points_into_its_file() -> None:
    run = log("manifests", "examples/hook-order.bad.yaml")["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert run["results"]
    for result in run["results"]:
        assert set(result) == {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"}
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in LEVELS
        assert result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        path, region = HERE / physical["artifactLocation"]["uri"], physical["region"]
        lines = path.read_text().splitlines()
        assert 1 <= region["startLine"] <= len(lines)
        assert 1 <= region["startColumn"] <= len(lines[region["startLine"] - 1])
        (logical,) = location["logicalLocations"]
        assert logical["fullyQualifiedName"].startswith(("Deployment.", "Job."))


def test_a_fingerprint_does_not_mind_lines_that_move(tmp_path: Path) -> None:
    text = (HERE / "manifests" / "web-with-migration.yaml").read_text()
    (tmp_path / "a.yaml").write_text(text)
    before = [one["partialFingerprints"] for one in log("a.yaml", cwd=tmp_path)["runs"][0]["results"]]
    (tmp_path / "a.yaml").write_text(f"# one more line\n{text}")
    assert [one["partialFingerprints"] for one in log("a.yaml", cwd=tmp_path)["runs"][0]["results"]] == before
    assert len({one["object/v1"] for one in before}) == len(before)


def test_a_name_that_is_no_uri(tmp_path: Path) -> None:
    path = tmp_path / "my manifests" / "a#1.yaml"
    path.parent.mkdir()
    path.write_text((HERE / "manifests" / "web-with-migration.yaml").read_text())
    for name in ("my manifests/a#1.yaml", str(path)):
        result = log(name, cwd=tmp_path)["runs"][0]["results"][0]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri == "my%20manifests/a%231.yaml"
