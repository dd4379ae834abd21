"""What dulwich sends its requests with: urllib3 with our trust, no login for another host, no step down from TLS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from lockmaster.errors import StepFailedError
from lockmaster.prepare.steps.fetch.ports import Transient
from lockmaster.prepare.steps.fetch.sources.trust import context_for

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_FINAL = ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "invalid peer certificate", "CertificateUnknown")
_ITSELF = "ask for the place itself"
_STATUS = re.compile(r"(?:resp|status|error|code)\D{0,20}([45]\d\d)\b", re.IGNORECASE)


def pool_for(spec: Fetch, context: Context, url: str) -> Any:
    """A pool of connections for one address."""
    import urllib3

    secure = url.startswith("https:")

    class Pool(urllib3.PoolManager):
        answers: ClassVar[list[Any]] = []

        def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> Any:  # type: ignore[override] # noqa: FBT001, FBT002
            if secure and not url.startswith("https:"):
                raise StepFailedError("it redirects from https to http, which is not safe", hint=_ITSELF)
            answer = super().urlopen(method, url, redirect=redirect, **kw)
            self.answers.append(answer)
            return answer

        def clear(self) -> None:
            """Close all connections, also of answers that nobody has read to the end."""
            for answer in self.answers:
                answer.close()
            super().clear()

    for value in spec.headers.values():
        context.hide(value)
    private = [*urllib3.Retry.DEFAULT_REMOVE_HEADERS_ON_REDIRECT, *spec.headers]
    return Pool(
        headers=spec.headers,
        retries=urllib3.Retry(
            None, connect=0, read=0, status=0, other=0, redirect=5, remove_headers_on_redirect=private
        ),
        timeout=urllib3.Timeout(connect=10.0, read=spec.stall),
        ssl_context=context_for(spec, context, own=True) if secure else None,
    )


def failed(shown: str, error: BaseException) -> Exception:
    """What a client's error means: a certificate stays wrong, and what the client got wrong; the rest may pass."""
    text = " ".join(f"{error}".split())
    text = re.sub(r"\?[^\s\"')]*", "?***", text)[:300] or type(error).__name__
    if any(word in text for word in _FINAL):
        why = "expired" if "xpired" in text else "it does not verify"
        hint = "ca: FILE names an authority of your own"
        return StepFailedError(f"{shown}: its certificate is not trusted: {why}", hint=hint)
    if type(error).__name__ in ("MissingSchema", "InvalidSchema", "InvalidURL"):
        return StepFailedError(f"{shown}: {text}", hint="is the address right?")
    found = _STATUS.search(text)
    denied = type(error).__name__ == "HTTPUnauthorized"
    if denied or (found and found[1][0] == "4" and found[1] not in ("408", "425", "429")):
        code = "401" if denied or not found else found[1]
        hint = "credentials are missing or wrong" if code in ("401", "403") else "is the address right?"
        return StepFailedError(f"{shown} answered {code}: {text}", hint=hint)
    return Transient(f"{shown}: {text}")
