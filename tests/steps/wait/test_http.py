"""http and https: nginx with certificates of our own authority, and servers that answer wrongly or too slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.steps.wait.looks import look
from tests.support.needs import need_program
from tests.support.nginx import Nginx
from tests.support.ports import free_port
from tests.support.speaker import Speaker, drips, resets, says, silent

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import Authority

PLAIN = """
server {
    listen 127.0.0.1:{port};
    listen unix:{folder}/s.sock;
    location = /health { return 200 '{"status": "ok", "schön": true}'; }
    location = /empty { return 204; }
    location = /broken { return 503; }
    location = /moved { return 302 /login?token=secret; }
    location = /loop { return 301 /loop; }
    location = /echo { return 200 'host=$http_host agent=$http_user_agent x=$http_x_team login=$remote_user'; }
    location = /guarded { if ($http_authorization != "Bearer s3cr3t-token") { return 401; } return 200; }
    location = /basic { if ($http_authorization != "Basic YXBwOnBAc3M=") { return 401; } return 200; }
    location / { return 404; }
}
"""
SECURE = """
server {
    listen 127.0.0.1:%d ssl;
    ssl_certificate %s;
    ssl_certificate_key %s;
    %s
    location / { return 200 'sni=$ssl_server_name client=$ssl_client_s_dn'; }
}
"""


@pytest.fixture(scope="module")
def nginx() -> Iterator[Nginx]:
    with Nginx(PLAIN) as server:
        yield server


class Secured:
    """nginx with a port for each kind of certificate."""

    def __init__(self, authority: Authority) -> None:
        self.ports = {name: free_port() for name in ("good", "expired", "stranger", "asking")}
        certificates = {
            "good": authority.sign("good-nginx", "localhost", "127.0.0.1"),
            "expired": authority.sign("expired", "localhost", "127.0.0.1", days=-1),
            "stranger": authority.sign("stranger", "somebody.else.test"),
        }
        certificates["asking"] = certificates["good"]
        asks = f"ssl_client_certificate {authority.ca}; ssl_verify_client on;"
        servers = [
            SECURE % (port, *certificates[name], asks if name == "asking" else "") for name, port in self.ports.items()
        ]
        self.server = Nginx("server { listen 127.0.0.1:{port}; }\n" + "".join(servers))

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        return f"https://{host}:{self.ports[name]}/"


@pytest.fixture(scope="module")
def secured(authority: Authority) -> Iterator[Secured]:
    one = Secured(authority)
    with one.server:
        yield one


def url(nginx: Nginx, path: str, login: str = "") -> str:
    return f"http://{login}127.0.0.1:{nginx.port}{path}"


@pytest.mark.parametrize(
    ("path", "status", "ready", "state"),
    [
        ("/health", "2xx", True, "status 200"),
        ("/empty", "2xx", True, "status 204"),
        ("/empty", 200, False, "status 204"),
        ("/broken", "2xx", False, "status 503"),
        ("/broken", "200-299, 503", True, "status 503"),
        ("/nothing", 404, True, "status 404"),
        ("/moved", "2xx", False, "status 302, a redirect to {base}/login, which is not followed"),
        ("/moved", "2xx,3xx", True, "status 302"),
        ("/loop", "2xx", False, "status 301, a redirect to {base}/loop, which is not followed"),
    ],
)
def test_the_status(nginx: Nginx, path: str, status: int | str, ready: bool, state: str) -> None:  # noqa: FBT001
    state = state.format(base=f"http://127.0.0.1:{nginx.port}")
    assert look(url(nginx, path), status=status) == (ready, state, False)


def test_the_body(nginx: Nginx) -> None:
    assert look(url(nginx, "/health"), body='"status": *"ok"').ready
    assert look(url(nginx, "/health"), body="schön").ready
    seen = look(url(nginx, "/health"), body="degraded")
    assert seen == (False, "status 200, and the body has nothing that matches degraded", False)


def test_what_is_sent(nginx: Nginx) -> None:
    """The host as in the URL, our name, and the headers that were asked for, which may replace ours."""
    assert look(url(nginx, "/echo"), body=f"host=127.0.0.1:{nginx.port} agent=lockmaster x= ").ready
    headers = {"X-Team": "käse", "Host": "orders.test", "user-agent": "mine"}
    assert look(url(nginx, "/echo"), headers=headers, body="host=orders.test agent=mine x=käse").ready


def test_logins(nginx: Nginx, tmp_path: Path) -> None:
    assert look(url(nginx, "/guarded")).state == "status 401"
    assert look(url(nginx, "/guarded"), headers={"Authorization": "Bearer s3cr3t-token"}).ready
    assert look(url(nginx, "/basic", "app:p%40ss@")).ready
    assert look(url(nginx, "/basic"), user="app", password="p@ss").ready
    (tmp_path / "password").write_text("p@ss\n")
    assert look(url(nginx, "/basic"), user="app", password_file="password", folder=tmp_path).ready
    assert "cannot read" in look(url(nginx, "/basic"), user="app", password_file="nope", folder=tmp_path).state


def test_no_proxy_is_asked(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for is here; a proxy's own 503 or 200 would be an answer about something else."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert look(url(nginx, "/health")).ready


def test_over_a_unix_socket(nginx: Nginx) -> None:
    path = f"{nginx.folder}/s.sock".replace("/", "%2F")
    assert look(f"http+unix://{path}/health").ready


def test_a_path_that_is_not_ascii_is_encoded(nginx: Nginx) -> None:
    assert look(url(nginx, "/schön?ü=%20"), status=404).ready


# -- certificates --


def test_an_authority_of_ones_own(secured: Secured, authority: Authority) -> None:
    assert look(secured.url("good"), ca=authority.ca).ready
    assert look(secured.url("good", "localhost"), ca=authority.ca, body="sni=localhost ").ready
    assert look(secured.url("good")).state == "TLS: unable to get local issuer certificate"
    assert look(secured.url("good"), insecure=True).ready


def test_an_expired_certificate(secured: Secured, authority: Authority) -> None:
    assert look(secured.url("expired"), ca=authority.ca) == (False, "TLS: certificate has expired", False)


def test_a_certificate_of_somebody_else(secured: Secured, authority: Authority) -> None:
    seen = look(secured.url("stranger"), ca=authority.ca)
    assert seen.state == "TLS: IP address mismatch, certificate is not valid for '127.0.0.1'"
    seen = look(secured.url("stranger", "localhost"), ca=authority.ca)
    assert seen.state == "TLS: Hostname mismatch, certificate is not valid for 'localhost'"


def test_a_certificate_of_ours(secured: Secured, authority: Authority, tmp_path: Path) -> None:
    cert, key = authority.sign("us")
    assert look(secured.url("asking"), ca=authority.ca).state == "status 400"
    assert look(secured.url("asking"), ca=authority.ca, cert=cert, key=key, body="client=CN=us").ready
    (tmp_path / "both.pem").write_bytes(cert.read_bytes() + key.read_bytes())
    assert look(secured.url("asking"), ca=authority.ca, cert="both.pem", folder=tmp_path).ready


def test_files_that_come_late_or_are_no_certificates(secured: Secured, authority: Authority, tmp_path: Path) -> None:
    late = tmp_path / "ca.pem"
    assert look(secured.url("good"), ca=late).state == f"cannot read {late}: no such file or directory"
    late.write_text("nothing")
    assert look(secured.url("good"), ca=late).state == f"cannot use {late}: no certificate or crl found"
    late.write_bytes(authority.ca.read_bytes())
    assert look(secured.url("good"), ca=late).ready
    cert, _ = authority.sign("one")
    _, key = authority.sign("two")
    seen = look(secured.url("good"), ca=late, cert=cert, key=key)
    assert seen.state == f"cannot use {late} or {cert} or {key}: key values mismatch"


def test_a_key_with_a_password_asks_nobody(secured: Secured, authority: Authority, tmp_path: Path) -> None:
    """OpenSSL would ask on the terminal, and wait for an answer."""
    import subprocess

    cert, key = authority.sign("locked")
    locked = tmp_path / "locked.key"
    command = [
        need_program("openssl", "openssl"),
        "pkcs8",
        "-topk8",
        "-in",
        key,
        "-out",
        locked,
        "-passout",
        "pass:secret",
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert "cannot use" in look(secured.url("good"), ca=authority.ca, cert=cert, key=locked).state


def test_a_server_that_speaks_no_tls(nginx: Nginx) -> None:
    assert look(f"https://127.0.0.1:{nginx.port}/").state == "TLS: wrong version number"


# -- servers that answer wrongly --

OK = b"HTTP/1.1 200 OK\r\n"
WRONG = {
    "nothing": (silent, "GET: no answer within 500ms"),
    "a reset": (resets, "GET: the other side reset the connection"),
    "an end": (says(b""), "GET: the other side closed the connection"),
    "nonsense": (says(b"SSH-2.0-OpenSSH_9\r\n"), "what it answers is no HTTP (BadStatusLine)"),
    "an endless status": (drips(b"HTTP/1.1 200 "), "GET: no answer within 500ms"),
    "endless headers": (drips(OK, b"X-More: 1\r\n"), "GET: no answer within 500ms"),
    "a body that drips": (drips(OK + b"Content-Length: 100000\r\n\r\n"), "GET: no answer within 500ms"),
    "chunks that drip": (
        drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), "GET: no answer within 500ms",
    ),
    "a body cut short": (says(OK + b"Content-Length: 9\r\n\r\nhalf"), "status 200, and the body ends too early"),
    "chunks cut short": (
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf"), "status 200, and the body ends too early",
    ),
    "a strange charset": (
        says(OK + b"Content-Type: text/plain; charset=klingon\r\n\r\nhalf"),
        "status 200, and its charset 'klingon' is unknown",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_server_that_answers_with(name: str) -> None:
    """It matches all the same: what came so far holds what is looked for."""
    speak, state = WRONG[name]
    with Speaker(speak) as server:
        assert look(f"http://127.0.0.1:{server.port}/", body="x|half", limit=0.5) == (False, state, False)


def test_a_body_that_nobody_asked_for_is_not_waited_for() -> None:
    with Speaker(drips(OK + b"Content-Type: text/event-stream\r\n\r\n")) as server:
        assert look(f"http://127.0.0.1:{server.port}/", limit=2.0).ready


def test_a_body_without_an_end_is_looked_at_for_a_megabyte() -> None:
    def flood(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(OK + b"\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with Speaker(flood) as server:
        seen = look(f"http://127.0.0.1:{server.port}/", body="y")
    assert seen.state == "status 200, and the body has nothing that matches y"


def test_a_handshake_that_never_comes(mute: Speaker) -> None:
    seen = look(f"https://127.0.0.1:{mute.port}/", limit=0.5)
    assert seen == (False, "TLS handshake: no answer within 500ms", False)
