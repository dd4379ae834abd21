"""Repositories of the real git, and how it serves them: its daemon, and its http-backend behind a small web server."""

import base64
import http.server
import os
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.needs import need, need_program
from tests.support.ports import free_port
from tests.support.process import Listening

WHO = {f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", **WHO}


class Repository:
    """A repository with a work tree; `path` is what is served."""

    def __init__(self, path: Path) -> None:
        need_program("git", "git")
        self.path = path
        path.mkdir(parents=True)
        self("init", "-q", "-b", "main")
        (path / ".git/git-daemon-export-ok").touch()

    def __call__(self, *args: str) -> str:
        command = ["git", "-c", "safe.directory=*", *args]
        done = subprocess.run(command, cwd=self.path, env=ENV, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        """Write files and commit them; give the commit."""
        for name, text in files.items():
            file = self.path / name.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self("add", "-A")
        self("commit", "-q", "-m", "x")
        return self("rev-parse", "HEAD")


def daemon(base: Path) -> Listening:
    """`git daemon` for the repositories below `base`."""
    need(Path("/usr/lib/git-core/git-daemon"), "needs git daemon (Debian package git)")
    port = free_port()
    argv = ["git", "daemon", f"--base-path={base}", f"--port={port}", "--listen=127.0.0.1", "--reuseaddr"]
    return Listening(
        argv, port, ENV | {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    )


class Smart:
    """git's http-backend for the repositories below `base`; with `login`, only for who has it."""

    def __init__(self, base: Path, login: str = "") -> None:
        backend = Path("/usr/lib/git-core/git-http-backend")
        need(backend, "needs git http-backend (Debian package git)")
        wanted = f"Basic {base64.b64encode(login.encode()).decode()}" if login else None

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if wanted and self.headers.get("Authorization") != wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="x"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                path, _, query = self.path.partition("?")
                env = ENV | {
                    "GIT_PROJECT_ROOT": str(base), "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": self.command,
                    "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "REMOTE_ADDR": "127.0.0.1",
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                }  # fmt: skip
                body = self._body()
                done = subprocess.run([backend], env=env, input=body, capture_output=True, check=False, timeout=30)
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                lines = [line.partition(": ") for line in head.decode().splitlines()]
                status = next((value for name, _, value in lines if name == "Status"), "200 OK")
                self.send_response(int(status[:3]))
                for name, _, value in lines:
                    if name != "Status":
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815 - http.server's name

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
