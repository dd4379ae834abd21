"""Free TCP ports that stay free: below the range that the kernel hands out to clients."""

import os
import random
import socket

FIRST, LAST = 20_000, 32_000
_random = random.Random(os.getpid() ^ int.from_bytes(os.urandom(4)))  # noqa: S311 - no secret


def free_port(host: str = "127.0.0.1") -> int:
    """Pick a port that nobody listens on; random, so that two workers hardly meet."""
    for _ in range(200):
        port = _random.randrange(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    msg = f"no free port between {FIRST} and {LAST}"
    raise RuntimeError(msg)
