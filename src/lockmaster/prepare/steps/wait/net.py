"""Connections with one limit for everything: name, connection, handshake, each byte sent and received.

A socket's own timeout starts anew with each byte, so that a server that sends one a second is never too late. Here all
of a look has one end.
"""

from __future__ import annotations

import io
import os
import socket

from lockmaster.prepare.steps.wait.looking import NotReadyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

    from lockmaster.prepare.steps.wait.looking import Look, Target

Addresses = list[tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]]


def look_up(host: str, port: int, look: Look) -> Addresses:
    """The addresses of a host. It may take longer than the look: the C library cannot be stopped."""
    look.doing = f"looking up {host}"
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]


def connect(host: str, port: int, look: Look) -> socket.socket:
    """A connection to the first of the host's addresses that takes one. `/path` is a Unix socket. Raises OSError."""
    if host.startswith("/"):
        look.doing = "connecting"
        return _connect(socket.AF_UNIX, host, look, look.left())
    addresses = look_up(host, port, look)
    look.doing = "connecting"
    last: OSError | None = None
    for number, (family, _, _, _, address) in enumerate(addresses):
        try:
            return _connect(family, address, look, look.left() / (len(addresses) - number))
        except OSError as error:
            last = error
    look.left()
    raise last or NotReadyError(f"{host} has no address")


def reach(places: list[tuple[str, int]], look: Look) -> None:
    """Return when any of them takes a connection; else raise why the last one does not.

    For clients that only say, at the end of their time, that there was nothing.
    """
    last: OSError | None = None
    for host, port in places:
        try:
            connect(host, port, look).close()
        except TimeoutError:
            look.left()
            last = TimeoutError()
        except OSError as error:
            last = error
        else:
            return
    if last:
        raise last


def _connect(family: int, address: object, look: Look, seconds: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(address)  # type: ignore[arg-type]
        if family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(look.left())
    except BaseException:
        connection.close()
        raise
    return connection


def secured(connection: socket.socket, context: ssl.SSLContext, host: str, look: Look) -> socket.socket:
    """The connection behind a TLS handshake; closed when that fails."""
    look.doing = "TLS handshake"
    try:
        connection.settimeout(look.left())
        return context.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def tls(target: Target) -> ssl.SSLContext:
    """What the target's fields say about certificates. The files are read now: they may come late, or change."""
    import ssl

    def path(name: str) -> str | None:
        if not name:
            return None
        full = os.path.join(target.folder, name)
        with open(full, "rb"):  # `ssl` does not say which file it could not read
            return full

    wanted = target.wanted
    try:
        context = ssl.create_default_context(cafile=path(wanted.ca))
        if wanted.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if cert := path(wanted.cert):
            context.load_cert_chain(cert, path(wanted.key), password=lambda: "")  # never ask a terminal
    except ssl.SSLError as error:
        names = " or ".join(filter(None, [wanted.ca, wanted.cert, wanted.key]))
        raise NotReadyError(f"cannot use {names}: {(error.reason or str(error)).lower().replace('_', ' ')}") from error
    return context


class Line:
    """A connection whose reads and writes all end with the look. What `http.client` needs of a socket."""

    def __init__(self, connection: socket.socket, look: Look) -> None:
        self._connection, self._look = connection, look

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(self._look.left())
        self._connection.sendall(data)

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._connection, self._look))

    def close(self) -> None:
        """`http.client` closes what it still reads from; a socket would count its readers. The probe closes it."""


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, look: Look) -> None:
        self._connection, self._look = connection, look

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        self._connection.settimeout(self._look.left())
        return self._connection.recv_into(buffer)  # type: ignore[arg-type]
