"""The fields of a `wait` step."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

from lockmaster.errors import UsageError
from lockmaster.prepare.steps.wait import schemes
from lockmaster.prepare.types import Duration  # noqa: TC001 - the fields are read when the class is made

_LEAST = 0.05  # seconds between two looks


def _about(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One target, with what makes it ready."""

    url: Annotated[str, _about("what to wait for: tcp://redis:6379, https://host/health, file:/tmp/ready, ...")]
    name: Annotated[str, _about("what logs and errors call it (default: the URL, without its password)")] = ""
    limit: Annotated[
        Duration | None, _about("limit of one look; who is silent for so long is not ready (default: 5s)")
    ] = None
    until: Annotated[
        Literal["present", "absent"], _about("tcp, file, dns, kube: absent waits until it is not there any more")
    ] = "present"
    gone: Annotated[
        Literal["wait", "complete"], _about("kube: complete: a Job that is not there (its TTL removed it) is complete")
    ] = "wait"
    status: Annotated[int | str, _about("http: the right ones: 200, 2xx, 200-299, 200,401")] = "2xx"
    body: Annotated[str, _about("http: regular expression that is found in the body")] = ""
    headers: Annotated[dict[str, str] | None, _about("http: headers to send")] = None
    contains: Annotated[str, _about("file: regular expression that is found in it")] = ""
    user: Annotated[str, _about("in place of the URL's own, without percent-encoding")] = ""
    password: Annotated[str, _about("in place of the URL's own, without percent-encoding")] = ""
    password_file: Annotated[str, _about("file that holds the password; read anew at each look")] = ""
    ca: Annotated[str, _about("file with the certificates of who may sign the server's (default: the system's)")] = ""
    cert: Annotated[str, _about("file with our certificate, for a server that asks for one")] = ""
    key: Annotated[str, _about("file with the key of cert (default: it stands in the same file)")] = ""
    insecure: Annotated[bool, _about("take any certificate")] = False

    def __post_init__(self) -> None:
        """Whatever can be known to be wrong is told before the first step runs."""
        try:
            schemes.check(self)
        except UsageError as error:
            raise ValueError(f"{error.message} ({error.hint})" if error.hint else error.message) from error


class Wait(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Wait until all targets are ready."""

    shorthand: ClassVar[str] = "targets"

    targets: Annotated[str | list[str | Wanted], _about("what to wait for: URLs, or objects with details")]
    every: Annotated[Duration | None, _about("pause between two looks at the same target (default: 1s)")] = None

    def __post_init__(self) -> None:
        """As above; the list itself too."""
        if not self.targets:
            raise ValueError("there is nothing to wait for (name at least one target)")
        if self.every is not None and self.every < _LEAST:
            raise ValueError("every is too short (50ms is the least)")
        self.wanted()

    def wanted(self) -> list[Wanted]:
        """The targets, each with its details."""
        items = [self.targets] if isinstance(self.targets, str) else self.targets
        return [Wanted(url=item) if isinstance(item, str) else item for item in items]


Spec = Wait
