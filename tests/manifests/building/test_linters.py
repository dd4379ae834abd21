"""Nothing is found: by our own `kube check`, by the real kube-score, and by the rules of two more linters.

kube-linter and polaris are not to be had as Go modules (the proxy refuses golang.stackrox.io/kube-linter and
github.com/fairwindsops/polaris), so what they ask is said in our words, in `rules`. What is ignored has its reason here.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.manifests.building.made import CASES, WISHES, load, text
from tests.manifests.building.rules import KUBE_LINTER, POLARIS, World
from tests.support.cli import run_cli
from tests.support.goprogram import KUBE_SCORE, by_go

if TYPE_CHECKING:
    from pathlib import Path

IGNORED = {
    "pod-networkpolicy": "who may talk to whom is the cluster's matter: a policy made here would cut what it does not know",
    "container-image-pull-policy": "images have a tag that names one build: with Always no pod starts while the registry is away",
}
FEW = "deployment-replicas"  # with --replicas 1, which is the user's word
# Off in kube-score, and good; those left off ask for limits that equal requests, which would reserve what is rarely used.
ASKED = ("container-seccomp-profile", "container-ports-check")


@pytest.mark.parametrize(("pattern", "wish"), CASES)
def test_kube_check_finds_nothing(pattern: str, wish: str, tmp_path: Path) -> None:
    (tmp_path / "made.yaml").write_text(text(pattern, **WISHES[wish]))
    done = run_cli(["kube", "check", "made.yaml"], cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("pattern", "wish"), CASES)
def test_kube_score_finds_nothing(pattern: str, wish: str, tmp_path: Path) -> None:
    score = by_go(*KUBE_SCORE)
    (tmp_path / "made.yaml").write_text(text(pattern, **WISHES[wish]))
    ignored = [*IGNORED, *([FEW] if WISHES[wish].get("replicas") == "1" else [])]
    flags = [f"--ignore-test={rule}" for rule in ignored] + [f"--enable-optional-test={rule}" for rule in ASKED]
    command = [score, "score", "--output-format=ci", "--exit-one-on-warning", *flags, "made.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("[CRITICAL]", "[WARNING]"))]
    assert (lines, done.returncode, done.stderr) == ([], 0, "")
    assert "[OK]" in done.stdout


LEFT_OUT = {
    ("job-ttl-seconds-after-finished", "flux"): "Flux would make a Job again that its TTL took away: prune removes it",
}
# Of the two linters, and left out for every pattern:
#   no-liveness-probe, livenessProbeMissing: only the application's team knows when a restart helps; a wrong one kills it
#   read-secret-from-env-var: most applications read DATABASE_URL; `lockmaster` takes DATABASE_URL_FILE as well
#   non-isolated-pod, missingNetworkPolicy, pullPolicyNotAlways: as above, with kube-score's
#   minimum-three-replicas, deploymentMissingReplicas: --replicas is the user's word
#   priorityClassNotSet, required-label-owner, required-annotation-email: names that only the cluster's owner can give
#   topologySpreadConstraint: anti-affinity by node is what it would ask for


@pytest.mark.parametrize(("pattern", "wish"), CASES)
def test_the_rules_of_kube_linter_and_polaris(pattern: str, wish: str) -> None:
    world = World(load(text(pattern, **WISHES[wish])))
    assert world.pods
    broken = [rule for rule, holds in (KUBE_LINTER | POLARIS).items() if not holds(world)]
    assert broken == [rule for rule, where in LEFT_OUT if where == pattern]
