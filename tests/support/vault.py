"""A stand-in for Vault: its HTTP API of KV version 1 and 2, and of the Kubernetes login, as hvac uses them.

NOT the real server: that cannot be built here, and its licence keeps it out of package registries. The answers are
those of Vault's API documentation (secret/kv, auth/kubernetes): status, body and error texts.
"""

import http.server
import json
import threading
from types import TracebackType
from typing import Any, Self


class Vault:
    """One server. `secrets` of version 2 are at mount `secret`, those of version 1 at mount `old`."""

    def __init__(self) -> None:
        self.token, self.role, self.jwt = "root-token", "app", "the-pod's-token"
        self.secrets: dict[str, dict[str, Any]] = {}
        self.old: dict[str, dict[str, Any]] = {}
        self.failures: list[int] = []  # statuses to answer first
        self.asked: list[tuple[str, str | None]] = []  # path, namespace
        vault = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                vault.asked.append((self.path, self.headers.get("X-Vault-Namespace")))
                if vault.failures:
                    self._say(vault.failures.pop(0), {"errors": ["not now"]})
                elif self.headers.get("X-Vault-Token") != vault.token:
                    self._say(403, {"errors": ["permission denied"]})
                else:
                    self._say(*vault.answer(self.path.partition("?")[0]))

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/v1/auth/kubernetes/login" and asked == {"role": vault.role, "jwt": vault.jwt}:
                    self._say(200, {"auth": {"client_token": vault.token}})
                else:
                    self._say(403, {"errors": ["permission denied"]})

            def _say(self, status: int, value: Any) -> None:
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[int, Any]:
        """Status and body for a read with the right token."""
        if path.startswith("/v1/secret/data/"):
            found = self.secrets.get(path.removeprefix("/v1/secret/data/"))
            return (200, {"data": {"data": found, "metadata": {"version": 1}}}) if found else (404, {"errors": []})
        if path.startswith("/v1/old/"):
            found = self.old.get(path.removeprefix("/v1/old/"))
            return (200, {"data": found}) if found else (404, {"errors": []})
        return 404, {"errors": ["no handler for route"]}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
