"""A namespace with what a test makes in it; the test writes the statuses, as controllers do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from lockmaster.kube.api import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lockmaster.kube.api import Api
    from lockmaster.kube.facts import Seen
    from lockmaster.kube.objects import Observer
    from tests.support.apiserver import ApiServer

Json = dict[str, Any]
POD: Json = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "localhost/none:1"}]}
RESOURCES = {
    "job": "/apis/batch/v1", "pod": "/api/v1", "service": "/api/v1", "configmap": "/api/v1", "secret": "/api/v1",
    "persistentvolumeclaim": "/api/v1", "deployment": "/apis/apps/v1", "statefulset": "/apis/apps/v1",
    "daemonset": "/apis/apps/v1", "replicaset": "/apis/apps/v1", "event": "/api/v1",
    "endpointslice": "/apis/discovery.k8s.io/v1", "lease": "/apis/coordination.k8s.io/v1",
}  # fmt: skip


class Cluster(NamedTuple):
    """What a test has in its hands."""

    api: ApiServer
    namespace: str
    folder: Path
    opened: list[Api]  # closed when the test ends

    def path(self, kind: str, name: str = "") -> str:
        return f"{RESOURCES[kind]}/namespaces/{self.namespace}/{kind}s{f'/{name}' if name else ''}"

    def make(self, kind: str, name: str, **parts: Any) -> Json:
        return self.api.make(self.path(kind), {"metadata": {"name": name}, **parts})

    def status(self, kind: str, name: str, **status: Any) -> Json:
        return self.api.status(self.path(kind, name), status)

    def delete(self, kind: str, name: str) -> None:
        self.api.delete(self.path(kind, name))

    def make_job(self, name: str = "migrate") -> None:
        self.make("job", name, spec={"template": {"spec": POD}})
        self.status("job", name, active=1, startTime=stamp())

    def end_job(self, name: str = "migrate", *, well: bool = True) -> None:
        """As the Job controller ends it: first what it is coming to, then that it is there."""
        ends: Json = {"completionTime": stamp(), "succeeded": 1} if well else {"failed": 1}
        first, last = ("SuccessCriteriaMet", "Complete") if well else ("FailureTarget", "Failed")
        why = (
            {}
            if well
            else {"reason": "BackoffLimitExceeded", "message": "Job has reached the\nspecified backoff limit"}
        )
        conditions = [condition(first, **why)]
        self.status("job", name, conditions=conditions, active=0, **({} if well else ends))
        conditions.append(condition(last, **why))
        self.status("job", name, conditions=conditions, **ends)

    def waiter(self, *rules: Json) -> Api:
        """Our client in a pod whose service account has these rules."""
        if rules:
            self.api.grant(self.namespace, list(rules))
        return self.pod(self.api.waiter_token(self.namespace))

    def pod(self, token: str) -> Api:
        account = self.api.mount(self.folder / "account", self.namespace, token)
        environ = {"KUBERNETES_SERVICE_HOST": self.api.host, "KUBERNETES_SERVICE_PORT": str(self.api.port)}
        return self.opening(connect(environ, account=str(account)))

    def client(self, port: int = 0) -> Api:
        """Our client with a kubeconfig, as somebody who may do everything; `port` is that of a proxy."""
        config = self.api.kubeconfig(self.folder / f"config-{port}", self.namespace, self.api.token, port)
        return self.opening(connect({"KUBECONFIG": str(config)}))

    def opening(self, api: Api) -> Api:
        self.opened.append(api)
        return api


def condition(kind: str, status: str = "True", **more: Any) -> Json:
    return {"type": kind, "status": status, "lastTransitionTime": stamp(), "lastProbeTime": stamp(), **more}


def state(observer: Observer, wanted: Callable[[Seen], object] | str, seconds: float = 30.0) -> Seen:
    """Look until it is as wanted: a text that its state begins with, or a question."""
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        last = observer.look(0.5)
        if last.state.startswith(wanted) if isinstance(wanted, str) else wanted(last):
            return last
    raise AssertionError(f"not seen within {seconds:g} s; last: {last}")


def stamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
