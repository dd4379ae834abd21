"""An API server that answers nonsense must not keep anybody out of the database's turn."""

from __future__ import annotations

import gzip
import json
import time
from typing import TYPE_CHECKING

import pytest

from lockmaster.clock import SystemClock
from lockmaster.events import Warned
from lockmaster.kube.line import LeaseLine
from lockmaster.stop import Stop
from tests.support.rough import Rough, reply

if TYPE_CHECKING:
    from pathlib import Path

    from lockmaster.events import Event
    from tests.support.rough import Answer

CONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u, namespace: shop}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:%d"}}]
users: [{name: u, user: {token: t}}]
"""


def _lease(**more: object) -> Answer:
    return reply(json.dumps({"kind": "Lease", "metadata": {"name": "l", "namespace": "shop"}} | more).encode())


ANSWERS = {
    "a page": reply(b"<html>login</html>", Content_Type="text/html"),
    "a redirect": reply(b"", "302 Found", Location="http://127.0.0.1:1/"),
    "a broken encoding": reply(b"no gzip", Content_Encoding="gzip"),
    "bytes": reply(gzip.compress(b"{}")),
    "another shape": _lease(spec="none"),
    "a list for a name": _lease(spec={"holderIdentity": ["x"], "acquireTime": 7}),
    "no metadata": reply(b'{"kind": "Lease", "spec": {}}'),
    "no number": _lease(spec={"holderIdentity": "x", "leaseDurationSeconds": "long"}),
    "transitions": _lease(spec={"leaseTransitions": "many"}),
    "too short": reply(b'{"kind"', length=100),
    "nonsense": lambda _, say: say(b"SSH-2.0-x\r\n\r\n"),
    "nothing": lambda _, say: say(b""),
}


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("what", ANSWERS)
def test_nonsense_from_the_api_server_ends_the_order_and_not_the_run(what: str, tmp_path: Path) -> None:
    told: list[Event] = []
    with Rough(ANSWERS[what]) as server:
        (tmp_path / "config").write_text(CONFIG % server.port)
        environ = {"KUBECONFIG": str(tmp_path / "config"), "POD_NAME": "web-0"}
        line = LeaseLine("l", environ, clock=SystemClock(Stop()), emit=told.append)
        ends = time.monotonic() + 20
        while not line.first() and time.monotonic() < ends:
            time.sleep(0.05)
        assert line.first()
        assert not any("\n" in event.message for event in told if isinstance(event, Warned))
        line.leave()
