"""The fields of a `fetch` step."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from lockmaster.errors import UsageError
from lockmaster.prepare import modes
from lockmaster.prepare.steps.fetch.addresses import scheme_of
from lockmaster.prepare.types import Duration, Size

_SHA256 = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
_OWNER = re.compile(r"[^:\s]+(:[^:\s]*)?|:[^:\s]+")


def _a_gibibyte() -> Size:  # made when needed: a JSON Schema could not show such a default
    return Size(1 << 30)


def _a_minute() -> Duration:
    return Duration(60)


def says(text: str) -> msgspec.Meta:
    """What editors show of a field."""
    return msgspec.Meta(description=text)


class Fetch(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename={"source": "from"}
):
    """What to bring, where to, and what must be true of it. Raises ValueError for what can never be right."""

    source: Annotated[
        str,
        says(
            "https://host/file, s3://, gs://, az://, git+https://host/repo//path@ref, oci://, vault://, configmap://, secret://, file://"
        ),
    ]
    to: Annotated[str, says("the file or folder that it becomes; ends in /: the folder for it, named as at its source")]

    sha256: Annotated[str, says("what the file's SHA-256 must be, in hex")] = ""
    checksum: Annotated[str, says("address or path of a file that holds it (SHA256SUMS)")] = ""
    max_size: Annotated[Size, says("the most that may come, and come out of an archive (default: 1Gi)")] = (
        msgspec.field(default_factory=_a_gibibyte)
    )
    max_files: Annotated[int, says("how many entries a folder may have")] = 100_000

    unpack: Annotated[
        bool, says("it is an archive (tar, tar.gz, tar.bz2, tar.xz, tar.zst, zip), and `to` its folder")
    ] = False
    strip: Annotated[int, says("how many folders to leave out at the beginning of each name in the archive")] = 0
    replace: Annotated[bool, says("a folder at `to` that something else has filled may be replaced")] = False

    mode: Annotated[str | int, says("mode of each file, as chmod takes it: 0640, u=rw,g=r,o=")] = ""
    owner: Annotated[str | int, says("user, user:group or :group; numbers or names")] = ""

    headers: Annotated[dict[str, str], says("headers of the request; never sent to another host, never shown")] = {}
    token: Annotated[str, says("sent as a bearer token; for Vault, its token; for git and OCI, the password")] = ""
    token_file: Annotated[str, says("file that holds the token")] = ""
    username: Annotated[str, says("for basic authentication")] = ""
    password: Annotated[str, says("for basic authentication")] = ""
    password_file: Annotated[str, says("file that holds the password")] = ""
    ca: Annotated[str, says("file with the authorities to trust (PEM), in place of the system's")] = ""
    cert: Annotated[str, says("file with the client certificate (PEM)")] = ""
    key: Annotated[str, says("file with the key of the client certificate (PEM)")] = ""
    etag_cache: Annotated[str, says("folder on a volume, where what was brought is kept with its ETag")] = ""

    ref: Annotated[str, says("branch, tag or commit of a git repository (default: its HEAD)")] = ""
    path: Annotated[str, says("file or folder in a git repository, or file of an OCI artifact (default: all)")] = ""
    field: Annotated[str, says("one field of a Vault secret (default: all of them, as JSON)")] = ""
    role: Annotated[str, says("Vault: log in with the pod's service account as this role")] = ""
    store: Annotated[dict[str, str | bool], says("settings of the object store's client: endpoint, region, ...")] = {}

    retries: Annotated[int, says("how often in a row a passing error (5xx, reset, timeout) is tried again")] = 5
    stall: Annotated[Duration, says("how long it may bring next to nothing (default: 60s)")] = msgspec.field(
        default_factory=_a_minute
    )

    def __post_init__(self) -> None:
        scheme_of(self.source)
        if not self.to:
            raise ValueError("to is empty")
        if self.sha256 and not _SHA256.fullmatch(self.sha256):
            raise ValueError("sha256 is not 64 hexadecimal digits")
        if self.sha256 and self.checksum:
            raise ValueError("sha256 and checksum are given: one of them")
        try:
            modes.parse(self.mode or 0)
        except UsageError as error:
            raise ValueError(f"mode: {error.message}") from error
        if self.owner != "" and not _OWNER.fullmatch(str(self.owner)):
            raise ValueError(f"owner {self.owner!r} is not user, user:group or :group")
        if self.strip < 0 or self.retries < 0 or self.max_files < 1:
            raise ValueError("strip and retries are not negative, max_files is more than 0")
        if self.strip and not self.unpack:
            raise ValueError("strip is for archives: it needs unpack")
        self._check_connection()

    def _check_connection(self) -> None:
        if bool(self.cert) != bool(self.key):
            raise ValueError("cert and key belong together")
        if self.headers and not self.source.startswith(("http", "git+http")):
            raise ValueError("headers are for https and git")
        if self.etag_cache and not self.source.startswith(("http", "s3:", "gs:", "az:")):
            raise ValueError("etag_cache is for https and object stores")

    @property
    def digest(self) -> str:
        """The wanted SHA-256 in lower case, "" if none is given here."""
        found = _SHA256.fullmatch(self.sha256)
        return found[1].lower() if found else ""

    @property
    def permissions(self) -> modes.Mode | None:
        """The wanted mode."""
        return modes.parse(self.mode) if self.mode != "" else None


Spec = Fetch
