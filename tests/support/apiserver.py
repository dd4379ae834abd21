"""A real kube-apiserver with its etcd, on loopback, with RBAC. No kubelet and no controllers: a test plays those.

    with ApiServer() as api:
        namespace = api.namespace()
        api.make(f"/apis/batch/v1/namespaces/{namespace}/jobs", {...})
        api.status(f"/apis/batch/v1/namespaces/{namespace}/jobs/migrate", {"conditions": [...]})

The program is `kube` of tools/cluster: `make cluster-build` builds it from Go modules, into a cache outside the tree.
"""

import atexit
import json
import os
import secrets
import ssl
import subprocess
import time
from base64 import b64encode
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.support.apiserver_pki import write_pki
from tests.support.cluster_build import programs
from tests.support.home import new_folder, remove
from tests.support.ports import free_port
from tests.support.postgres import CLEAN

START_LIMIT = 90.0  # seconds; it needs 3 to 5 on an idle machine
ISSUER = "https://kubernetes.default.svc.cluster.local"
Json = dict[str, Any]


class ApiServer:
    """One API server, from construction until close(). `stop` and `start` keep what it stores, and its address."""

    def __init__(self) -> None:
        self._program = programs("kube")[0] / "kube"
        self.folder = new_folder("kube")
        self.host, self.port, self._etcd_port = "127.0.0.1", free_port(), free_port()
        self.token = secrets.token_hex(16)  # of who may do everything
        self.ca = write_pki(self.folder)
        (self.folder / "tokens.csv").write_text(f"{self.token},admin,admin,system:masters\n")
        self._tls = ssl.create_default_context(cafile=str(self.ca))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._owner = os.getpid()
        atexit.register(self.close)
        self._start("etcd", self._etcd_flags())
        self.start()

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    # -- what a test does with it --

    def request(self, method: str, path: str, body: object = None, token: str = "") -> tuple[int, Json]:
        """Ask as somebody; its status and answer."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": kind}
        data = None if body is None else json.dumps(body).encode()
        try:
            request = Request(self.url + path, data, headers, method=method)  # noqa: S310 - https
            with urlopen(request, timeout=30, context=self._tls) as answer:  # noqa: S310
                return answer.status, _answer(answer.read())
        except HTTPError as error:
            with error:
                return error.code, _answer(error.read())

    def get(self, path: str) -> Json:
        return self._right("GET", path)

    def make(self, path: str, body: Json) -> Json:
        return self._right("POST", path, body)

    def patch(self, path: str, body: Json) -> Json:
        return self._right("PATCH", path, body)

    def status(self, path: str, status: Json) -> Json:
        """Write the status, as a controller does."""
        return self._right("PATCH", f"{path}/status", {"status": status})

    def delete(self, path: str) -> None:
        self._right("DELETE", f"{path}?propagationPolicy=Background")

    def namespace(self) -> str:
        """Make one for a test, with the service account `waiter`, which may do nothing."""
        name = f"t{secrets.token_hex(4)}"
        self.make("/api/v1/namespaces", {"metadata": {"name": name}})
        self.make(f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "waiter"}})
        return name

    def grant(self, namespace: str, rules: list[Json]) -> None:
        """Let `waiter` do what the rules say, beside what it may already."""
        rbac, name = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}", f"r{secrets.token_hex(4)}"
        self.make(f"{rbac}/roles", {"metadata": {"name": name}, "rules": rules})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        subjects = [{"kind": "ServiceAccount", "name": "waiter", "namespace": namespace}]
        self.make(f"{rbac}/rolebindings", {"metadata": {"name": name}, "roleRef": role, "subjects": subjects})

    def waiter_token(self, namespace: str, secret: str = "", pod: str = "") -> str:
        """Give a token of `waiter`, bound to a Secret or a Pod if one is named: it is void when that is deleted."""
        spec: Json = {"expirationSeconds": 600}
        if secret or pod:
            kind = "Secret" if secret else "Pod"
            spec["boundObjectRef"] = {"kind": kind, "apiVersion": "v1", "name": secret or pod}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/waiter/token"
        return str(self.make(path, {"spec": spec})["status"]["token"])

    def mount(self, folder: Path, namespace: str, token: str) -> Path:
        """Fill a folder as the kubelet does for a pod."""
        folder.mkdir(exist_ok=True)
        (folder / "token").write_text(token)
        (folder / "namespace").write_text(namespace)
        (folder / "ca.crt").write_bytes(self.ca.read_bytes())
        return folder

    def kubeconfig(self, path: Path, namespace: str, token: str, port: int = 0) -> Path:
        """Write a kubeconfig; `port` is that of a proxy."""
        authority = b64encode(self.ca.read_bytes()).decode()
        server = f"https://{self.host}:{port or self.port}"
        path.write_text(
            f"apiVersion: v1\nkind: Config\ncurrent-context: x\n"
            f"clusters: [{{name: c, cluster: {{server: '{server}', certificate-authority-data: {authority}}}}}]\n"
            f"users: [{{name: u, user: {{token: '{token}'}}}}]\n"
            f"contexts: [{{name: x, context: {{cluster: c, user: u, namespace: {namespace}}}}}]\n"
        )
        return path

    # -- its processes --

    def start(self) -> None:
        self._start("kube-apiserver", self._flags())
        self._wait()

    def stop(self) -> None:
        """End the API server at once; etcd keeps what it stored."""
        process = self._processes.pop("kube-apiserver", None)
        if process:
            process.kill()
            process.wait(10)

    def log(self, name: str = "kube-apiserver") -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def close(self) -> None:
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.close)
        for process in self._processes.values():
            process.kill()
            process.wait(10)
        self._processes.clear()
        remove(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _right(self, method: str, path: str, body: object = None) -> Json:
        status, answer = self.request(method, path, body)
        assert status < 300, f"{method} {path}: {status} {answer.get('message')}"
        return answer

    def _start(self, name: str, flags: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [self._program, name, *flags],
                cwd=self.folder, env=CLEAN | {"GOGC": "50"}, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._processes[name] = process
        # The watcher of the folder ends it by this file, should the tests be killed.
        (self.folder / f"{name}.pid").write_text(f"{process.pid}\n")

    def _etcd_flags(self) -> list[str]:
        client, peer = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{free_port()}"
        return [
            "--name=one", f"--data-dir={self.folder}/etcd", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=one={peer}",
        ]  # fmt: skip

    def _flags(self) -> list[str]:
        key = f"{self.folder}/sa.key"
        return [
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}", "--bind-address=127.0.0.1",
            f"--secure-port={self.port}", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            f"--tls-cert-file={self.folder}/server.crt", f"--tls-private-key-file={self.folder}/server.key",
            f"--token-auth-file={self.folder}/tokens.csv", "--authorization-mode=RBAC", "--anonymous-auth=false",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            f"--service-account-issuer={ISSUER}", "--service-cluster-ip-range=10.97.0.0/24",
            "--disable-admission-plugins=ServiceAccount", "--profiling=false", f"--cert-dir={self.folder}/certificates",
        ]  # fmt: skip

    def _wait(self) -> None:
        process, deadline = self._processes["kube-apiserver"], time.monotonic() + START_LIMIT
        while not self._ready():
            if process.poll() is not None or time.monotonic() > deadline:
                said = self.log()[-4000:]
                self.close()
                raise RuntimeError(f"kube-apiserver did not start:\n{said}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        """Whether it takes work: its namespace `default` and RBAC's own roles are there."""
        try:
            return (
                self.request("GET", "/readyz")[0] == 200 and self.request("GET", "/api/v1/namespaces/default")[0] == 200
            )
        except OSError:
            return False


def _answer(text: bytes) -> Json:
    answer: Json = json.loads(text) if text.startswith(b"{") else {"message": text.decode()}
    return answer
