"""`grpc://host:port/service`, `grpcs://`: the standard health service says SERVING, of the whole server or of a service.

The two messages of grpc.health.v1 hold one field each, so they are written and read here, as protobuf has them on the wire:
HealthCheckRequest{1: service}, HealthCheckResponse{1: status}.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lockmaster.prepare.steps.wait.address import address
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen, Target
from lockmaster.prepare.steps.wait.net import connect

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.spec import Wanted

_METHOD = "/grpc.health.v1.Health/Check"
# what gRPC puts before the cause: the code, and the address in its own way to write it
_ADDRESS = re.compile(r"([A-Z_]+: )?(ipv[46]:\S+: )?")
_STATUS = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    return address(wanted).shown


def probe(target: Target, look: Look) -> Seen:
    """Ask once, over a channel of its own."""
    import grpc  # type: ignore[import-untyped]

    place = address(target.wanted)
    service = unquote(place.path.strip("/"))
    # what gRPC tells in a long sentence is told by a connection of our own first: refused, unknown, unreachable
    connect(place.host, place.port, look).close()
    look.doing = "asking for its health"
    host = f"[{place.host}]" if ":" in place.host else place.host
    with _channel(f"{host}:{place.port}", place.scheme, target) as channel:
        ask = channel.unary_unary(_METHOD)
        try:
            status = _status(ask(_request(service), timeout=look.left()))
        except grpc.RpcError as error:
            raise _failed(error, service) from error
    if status != "SERVING":
        raise NotReadyError(f"its health is {status}")
    return Seen(ready=True, state=status)


def _channel(place: str, scheme: str, target: Target) -> Any:
    import grpc

    options = [("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
    if scheme == "grpc":
        return grpc.insecure_channel(place, options)
    wanted = target.wanted
    files = [_read(target, name) for name in (wanted.ca, wanted.key or wanted.cert, wanted.cert)]
    return grpc.secure_channel(place, grpc.ssl_channel_credentials(*files), options)


def _read(target: Target, name: str) -> bytes | None:
    if not name:
        return None
    with open(os.path.join(target.folder, name), "rb") as file:
        return file.read()


def _failed(error: Any, service: str) -> Exception:
    import grpc

    code = error.code()
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return TimeoutError()
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return NotReadyError("it has no health service (grpc.health.v1)")
    if code is grpc.StatusCode.NOT_FOUND:
        return NotReadyError(f"it knows no service {service!r}")
    text = str(error.details() or "")
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return NotReadyError(f"TLS: {text.partition('CERTIFICATE_VERIFY_FAILED: ')[2].split('; ')[0].lower()}")
    return NotReadyError(_ADDRESS.sub("", text.rpartition("; last error: ")[2]) or code.name)


def _request(service: str) -> bytes:
    """HealthCheckRequest. Field 1, length-delimited; proto3 leaves an empty one out."""
    data = service.encode()
    return b"\x0a" + _varint(len(data)) + data if data else b""


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _status(answer: bytes) -> str:
    """The status in a HealthCheckResponse: field 1, a varint; without it, the first."""
    number = answer[1] if len(answer) > 1 and answer[0] == 8 else 0
    return _STATUS[number] if number < len(_STATUS) else str(number)
