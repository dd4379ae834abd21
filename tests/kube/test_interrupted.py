"""The API server goes away, comes back, forgets what was; nothing that happens to the object meanwhile is missed."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from lockmaster.kube.api import ExpiredError, NoAnswerError, connect
from lockmaster.kube.objects import Observer
from lockmaster.kube.target import aim
from tests.kube.cluster import state
from tests.support.apiserver_pki import write_pki
from tests.support.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.cluster import Cluster

AWAY = "the Kubernetes API server cannot be asked: "


def test_restarted_in_the_middle(own: Cluster) -> None:
    own.make_job()
    seen = Observer(own.client(), aim("kube://job/migrate"))
    state(seen, "running: 1 active")
    own.api.stop()
    state(seen, AWAY)
    own.api.start()
    state(seen, "running: 1 active")
    own.end_job()
    assert state(seen, "complete").ready


def test_not_there_at_first(own: Cluster) -> None:
    own.make_job()
    own.api.stop()
    seen = Observer(own.client(), aim("kube://job/migrate"))
    assert state(seen, AWAY).state == f"{AWAY}connection refused"
    own.api.start()
    state(seen, "running: 1 active")
    seen.close()


def test_completed_and_removed_while_we_were_cut_off(own: Cluster) -> None:
    """The watch goes on where it was, and so tells how the Job ended that is not there any more."""
    own.make_job()
    with Proxy(own.api.host, own.api.port) as proxy:
        seen = Observer(own.client(proxy.port), aim("kube://job/migrate"))
        state(seen, "running: 1 active")
        proxy.cut()
        state(seen, AWAY)
        own.end_job()
        own.delete("job", "migrate")
        proxy.restore()
        assert state(seen, "complete").ready


def test_watch_expired(own: Cluster) -> None:
    """410: the API server was restarted, and does not know any more how the Job ended."""
    own.make_job()
    path, version = own.path("job"), own.api.get(own.path("job", "migrate"))["metadata"]["resourceVersion"]
    with Proxy(own.api.host, own.api.port) as proxy:
        seen = Observer(own.client(proxy.port), aim("kube://job/migrate"))
        state(seen, "running: 1 active")
        proxy.cut()
        own.end_job()
        own.delete("job", "migrate")
        own.api.stop()
        own.api.start()
        with pytest.raises(ExpiredError):
            list(own.client().watch(path, (), {"resourceVersion": version}, 1))
        proxy.restore()
        assert not state(seen, "gone, and nobody saw whether it was complete").ready
        own.make_job()
        state(seen, "running: 1 active")
        own.end_job()
        assert state(seen, "complete").ready


def test_server_that_accepts_and_says_nothing(own: Cluster) -> None:
    with Proxy(own.api.host, own.api.port) as proxy:
        proxy.freeze()
        api = own.client(proxy.port)
        with pytest.raises(NoAnswerError, match="no answer in time"):
            api.get("/version", seconds=1)


def test_another_authority(own: Cluster) -> None:
    """A server with a certificate that our CA did not sign is not spoken to; the cause is told."""
    account = own.api.mount(own.folder / "account", own.namespace, own.api.token)
    other = own.folder / "other"
    other.mkdir()
    (account / "ca.crt").write_bytes(write_pki(other).read_bytes())
    environ = {"KUBERNETES_SERVICE_HOST": own.api.host, "KUBERNETES_SERVICE_PORT": str(own.api.port)}
    seen = Observer(own.opening(connect(environ, account=str(account))), aim("kube://job/migrate"))
    assert "certificate" in state(seen, AWAY).state
    seen.close()


@pytest.mark.parametrize("body", [b"404 page not found", b"<html>log in</html>"])
@pytest.mark.parametrize("status", [200, 404])
def test_something_else_that_answers_is_not_an_absent_object(tmp_path: Path, status: int, body: bytes) -> None:
    """A load balancer's 404 does not mean that the object is gone."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = tmp_path / "config"
        config.write_text(
            f"clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{server.server_port}'}}}}]\n"
            "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\nusers: []\n"
        )
        api = connect({"KUBECONFIG": str(config)})
        seen = Observer(api, aim("kube://job/migrate?absent"))
        assert not state(seen, AWAY).ready
        seen.close()
        api.close()
        server.shutdown()


def test_api_closed_under_a_watch_of_another_thread(own: Cluster) -> None:
    """The socket's number went to somebody else, whose bytes the watch then read."""
    own.make_job()
    api = own.client()
    path = f"/apis/batch/v1/namespaces/{own.namespace}/jobs"
    events = api.watch(path, (), {"resourceVersion": "0"}, 20)
    assert next(events)[0] == "OPENED"
    api.close()
    own.end_job()
    for _, job in events:
        if any(one["type"] == "Complete" for one in job.get("status", {}).get("conditions", ())):
            break
    else:
        pytest.fail("the watch ended with its connection")
    events.close()
