"""A gRPC server with the standard health service, run as a program: PORT [CERT KEY]. It says "listening" when it does.

`SERVICE=STATUS` lines on standard input change what it says of a service; an empty name is the whole server.
The two messages are those of grpc.health.v1, written by hand; that they are right is proved by the field's own client
where that is at hand.
"""

import sys
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

STATUS = {"UNKNOWN": 0, "SERVING": 1, "NOT_SERVING": 2, "SERVICE_UNKNOWN": 3}
known = {"": 2}


def check(request: bytes, context: Any) -> bytes:
    length_ends = next((at for at, byte in enumerate(request[1:], 2) if byte < 128), 0)  # a varint
    service = request[length_ends:].decode()
    if service not in known:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes([8, known[service]]) if known[service] else b""


def main(port: str, *tls: str) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    method = grpc.unary_unary_rpc_method_handler(check)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method}),))
    if tls:
        cert, key = (Path(name).read_bytes() for name in tls)
        server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([(key, cert)]))
    else:
        server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print("listening", flush=True)  # noqa: T201 - to the test
    for line in sys.stdin:
        service, _, status = line.strip().partition("=")
        known[service] = STATUS[status]


if __name__ == "__main__":
    main(*sys.argv[1:])
