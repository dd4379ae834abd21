"""`lockmaster wait kube://...` and the step, from start to end, as a pod has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kube.test_access import JOBS
from tests.steps.wait.looks import changes, events
from tests.support.cli import Run, clean_environment, command, run_cli, start_cli
from tests.support.needs import need_root

if TYPE_CHECKING:
    from tests.kube.cluster import Cluster

# In mounts of its own: the folder $1 is where a pod's service account is.
POD = """
set -e
mount -t tmpfs none "$(readlink -f /var/run)"
mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
mount --bind "$1" /var/run/secrets/kubernetes.io/serviceaccount
shift
exec "$@"
"""


def kubeconfig(cluster: Cluster, token: str = "") -> dict[str, str]:
    path = cluster.api.kubeconfig(cluster.folder / "config", cluster.namespace, token or cluster.api.token)
    return {"KUBECONFIG": str(path)}


def test_in_a_pod_with_its_service_account(cluster: Cluster) -> None:
    need_root("mounts the folder of a service account")
    cluster.api.grant(cluster.namespace, [JOBS | {"verbs": ["get", "watch"]}])
    account = cluster.api.mount(
        cluster.folder / "account", cluster.namespace, cluster.api.waiter_token(cluster.namespace)
    )
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", POD, "pod", str(account)]
    argv = [*inside, *command(["wait", "kube://job/migrate", "--timeout", "60s"])]
    environ = {"KUBERNETES_SERVICE_HOST": cluster.api.host, "KUBERNETES_SERVICE_PORT": str(cluster.api.port)}
    with Run(argv, clean_environment(environ)) as run:
        run.wait_for("no such Job")
        cluster.make_job()
        run.wait_for("running: 1 active")
        cluster.end_job()
        done = run.wait()
    assert done.returncode == 0, done.stderr
    assert changes(done, "kube://job/migrate")[1:] == ["running: 1 active", "ready (complete)"]


def test_job_that_failed_ends_the_wait(cluster: Cluster) -> None:
    cluster.make_job()
    cluster.end_job(well=False)
    done = run_cli(["wait", "kube://job/migrate", "tcp://127.0.0.1:9"], env=kubeconfig(cluster))
    assert done.returncode == 20
    assert events(done)[-1]["message"] == (
        f"Job {cluster.namespace}/migrate failed: BackoffLimitExceeded: Job has reached the specified backoff limit"
    )


def test_refused_is_exit_16_with_the_role(cluster: Cluster) -> None:
    environ = kubeconfig(cluster, cluster.api.waiter_token(cluster.namespace))
    done = run_cli(["wait", f"kube://{cluster.namespace}/job/migrate"], env=environ)
    assert done.returncode == 16
    assert 'resourceNames: ["migrate"]\n  verbs: ["get", "watch"]' in events(done)[-1]["hint"]


def test_gone_complete_and_until_absent(cluster: Cluster) -> None:
    environ = kubeconfig(cluster)
    done = run_cli(["wait", "kube://job/migrate", "--gone", "complete"], env=environ)
    assert (done.returncode, changes(done)) == (0, ["ready (not there: taken as complete)"])
    cluster.make("configmap", "lock")
    with start_cli(["wait", "kube://configmap/lock", "--until", "absent"], env=environ) as run:
        run.wait_for("still there")
        cluster.delete("configmap", "lock")
        assert run.wait().returncode == 0


def test_not_in_time_says_what_was_seen(cluster: Cluster) -> None:
    done = run_cli(["wait", "kube://deployment/web?condition=Available", "--timeout", "2s"], env=kubeconfig(cluster))
    assert done.returncode == 10
    assert events(done)[-1]["message"].endswith("is not ready after 2s: no such Deployment")


def test_sigterm_ends_it_while_it_watches(cluster: Cluster) -> None:
    with start_cli(["wait", "kube://job/migrate"], env=kubeconfig(cluster)) as run:
        run.wait_for("no such Job")
        run.terminate()
        assert run.wait(10).returncode == 143


def test_as_a_step(cluster: Cluster) -> None:
    (cluster.folder / "lockmaster.yaml").write_text(
        "steps:\n  - wait:\n      targets:\n        - {url: kube://job/migrate, gone: complete}\n"
        "        - 'kube://pod/web-0?jsonpath={.status.conditions[?(@.type==\"Ready\")].status}=True'\n"
    )
    with start_cli(["up"], env=kubeconfig(cluster), cwd=cluster.folder) as run:
        run.wait_for("no such Pod")
        cluster.make("pod", "web-0", spec={"containers": [{"name": "main", "image": "localhost/none:1"}]})
        cluster.status("pod", "web-0", conditions=[{"type": "Ready", "status": "True"}])
        assert run.wait().returncode == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["kube://jop/migrate"], "no kind of object 'jop'"),
        (["kube://pod/web-0", "--gone", "complete"], "for a Job"),
        (["tcp://h:1", "--gone", "complete"], "none of the targets takes --gone"),
        (["kube://job/x?condition=Ready", "--until", "absent"], "asks for two things"),
    ],
)
def test_wrong_is_exit_2_at_once(arguments: list[str], told: str) -> None:
    done = run_cli(["wait", *arguments])
    assert done.returncode == 2
    assert told in events(done)[-1]["message"]


def test_no_cluster_anywhere() -> None:
    done = run_cli(["wait", "kube://job/migrate"], env={"HOME": "/nowhere"})
    assert done.returncode == 2
    assert events(done)[-1]["message"] == "nothing says where the Kubernetes API server is"
