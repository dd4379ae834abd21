"""SHA-256 as both formats store it, and the question whether a script is still the one that was hashed."""

from __future__ import annotations

# hashlib loads OpenSSL for this one function, which every start would pay. CPython's own is `_sha2` from 3.12 on and
# `_sha256` before; other builds of Python may have neither.
try:
    from _sha2 import sha256 as _sha256  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256 as _sha256  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from hashlib import sha256 as _sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Hasher(Protocol):
        """What hashlib makes."""

        def update(self, data: bytes, /) -> None: ...
        def digest(self) -> bytes: ...
        def hexdigest(self) -> str: ...


_LENGTH = 64


def hasher() -> Hasher:
    """An object to be fed piece by piece, as hashlib has it."""
    made: Hasher = _sha256()
    return made


def sha256(data: bytes) -> bytes:
    """The 32 bytes of SHA-256 of `data`."""
    return bytes(_sha256(data).digest())


def checksum(script: bytes) -> str:
    """Lower-case hex of SHA-256 over the script as it is (FIELD 1.5)."""
    return sha256(script).hex()


def same(stored: str, script: bytes) -> bool:
    """Whether `stored` is a checksum of this script, whatever git made of its line ends (FIELD 1.5).

    Three renderings match: as it is, with CR LF as LF, with LF as CR LF (naively, as Prisma does: a CR LF becomes
    CR CR LF). Old Prisma engines forgot the leading zero of each byte, so a stored text of another length than 64 is
    compared with that rendering.
    """
    render = _unpadded if stored and len(stored) != _LENGTH else bytes.hex
    return any(render(sha256(variant)) == stored for variant in _variants(script))


def _variants(script: bytes) -> Iterator[bytes]:
    # One after the other, and only those that differ: each is a copy of the whole script.
    yield script
    if b"\n" not in script:
        return
    if b"\r\n" in script:
        yield script.replace(b"\r\n", b"\n")
    yield script.replace(b"\n", b"\r\n")


def _unpadded(digest: bytes) -> str:
    return "".join(f"{byte:x}" for byte in digest)
