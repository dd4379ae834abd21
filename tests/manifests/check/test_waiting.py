"""Waits for a Job, as people write them, and loops with and without a limit."""

from __future__ import annotations

import json

import pytest

from lockmaster.manifests.check.model import World
from lockmaster.manifests.check.run import checks, examine
from lockmaster.manifests.check.waiting import job_waited_for
from lockmaster.manifests.stream import Stream


def manifest(container: dict[str, object]) -> Stream:
    pod = {"initContainers": [{"name": "prepare", **container}], "containers": [{"name": "web"}]}
    return Stream("x", json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}))


@pytest.mark.parametrize(
    ("container", "job"),
    [
        ({"command": ["kubectl", "wait", "--for=condition=complete", "job/migrate", "--timeout=60s"]}, "migrate"),
        (
            {"command": ["sh", "-c", "echo waiting for job to end; kubectl -n shop wait --for=complete job/db-1"]},
            "db-1",
        ),
        ({"command": ["sh", "-c", 'until [ "$(kubectl get jobs migrate -o name)" ]; do sleep 1; done']}, "migrate"),
        ({"command": ["sh", "-c", 'kubectl get job "$JOB_NAME" -o name']}, "$JOB_NAME"),
        ({"image": "ghcr.io/groundnuty/k8s-wait-for:v2.0", "args": ["job", "migrate"]}, "migrate"),
        ({"image": "groundnuty/k8s-wait-for:v1.7", "args": ["job-wr", "migrate"]}, "migrate"),
        ({"command": ["lockmaster", "wait", "kube://job/migrate"]}, "migrate"),
        ({"command": ["sh", "-c", "echo the job migrate is done"]}, None),
        ({"command": ["kubectl", "get", "pods"]}, None),
    ],
)
def test_the_job_that_is_waited_for(container: dict[str, object], job: str | None) -> None:
    (workload,) = World([manifest(container)]).workloads
    found = job_waited_for(next(iter(workload.containers())))
    assert (found.job if found else None) == job


@pytest.mark.parametrize(
    ("script", "endless"),
    [
        ("until nc -z db 5432; do sleep 1; done", True),
        ("while ! pg_isready -h db; do\n  echo waiting\n  sleep 2\ndone\necho ready", True),
        ("until timeout 5 nc -z db 5432; do sleep 1; done", True),
        ("timeout 300 sh -c 'until nc -z db 5432; do sleep 1; done'", False),
        ("i=0; until nc -z db 5432; do i=$((i+1)); [ $i -gt 60 ] && exit 1; sleep 1; done", False),
        ("for i in $(seq 60); do nc -z db 5432 && break; sleep 1; done", False),
        ("while read -r line; do echo $line; sleep 1; done < /list", False),
        ("nc -z -w 60 db 5432", False),
    ],
)
def test_a_loop_without_a_limit(script: str, *, endless: bool) -> None:
    report = examine([manifest({"command": ["/bin/sh", "-c", script]})], checks(only=("endless-wait",)))
    assert bool(report.findings) == endless
