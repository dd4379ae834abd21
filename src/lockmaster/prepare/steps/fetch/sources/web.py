"""`https://` and `http://`, by httpx."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from lockmaster.errors import StepFailedError, UsageError
from lockmaster.prepare.steps.fetch import addresses
from lockmaster.prepare.steps.fetch.credentials import login_of, token_of
from lockmaster.prepare.steps.fetch.ports import Content, Have, Transient
from lockmaster.prepare.steps.fetch.sources.trust import context_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_MOST_REDIRECTS = 10
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_HARMLESS = frozenset({"accept", "accept-language", "user-agent"})  # sent on, and shown
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_CONNECT = 10.0  # seconds


def source(spec: Fetch, context: Context, scratch: str) -> Web:  # noqa: ARG001 - as all sources are made
    return Web(spec, context)


class Web:
    """One URL. Credentials, and headers that may hold some, never leave its origin."""

    def __init__(self, spec: Fetch, context: Context) -> None:
        try:
            import httpx
        except ImportError as error:
            raise addresses.not_installed(error) from error
        self._httpx = httpx
        self._spec, self._context = spec, context
        self.shown = addresses.shown(spec.source)
        parts = urlsplit(spec.source)
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        for name, value in spec.headers.items():
            if name.lower() not in _HARMLESS:
                context.hide(value)
        token, (user, password) = token_of(spec, context), login_of(spec, context)
        self._auth = (user, password) if user or password else None
        self._token = {"Authorization": f"Bearer {token}"} if token else {}

    @contextmanager
    def open(self, have: Have) -> Iterator[Content | None]:
        with ExitStack() as stack:
            try:
                yield self._answer(stack, have)
            except self._httpx.HTTPError as error:
                raise self._explained(error) from error
            except self._httpx.InvalidURL as error:
                raise UsageError(f"{self.shown} is not a URL: {error}") from error

    def _answer(self, stack: ExitStack, have: Have) -> Content | None:
        asked = _conditions(have)
        answer = self._get(stack, asked)
        if answer.status_code == 304 and "If-None-Match" in asked:
            return None
        if answer.status_code == 416 or (answer.status_code == 206 and not _goes_on(answer, have)):
            answer.close()
            answer = self._get(stack, {})  # what is there is of no use: from the beginning
        if answer.status_code not in (200, 206):
            raise self._refused(answer)
        return self._content(answer, have)

    def _content(self, answer: Any, have: Have) -> Content:
        etag = answer.headers.get("ETag", "")
        length = answer.headers.get("Content-Length", "")
        total, start = int(length) if length.isdigit() else -1, 0
        if answer.status_code == 206:
            start = have.part
            total = have.part_total if total < 0 else start + total
        resumable = bool(etag) and not etag.startswith("W/") and answer.headers.get("Accept-Ranges", "") != "none"
        return Content(answer.iter_raw(), etag, total, start, resumable)

    def _get(self, stack: ExitStack, asked: dict[str, str]) -> Any:
        """The answer, after redirects."""
        url = self._url
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._send(stack, url, asked)
            if not answer.has_redirect_location:
                return answer
            answer.close()
            url = self._next(url, answer.headers["Location"])
        raise StepFailedError(
            f"{self.shown} was redirected {_MOST_REDIRECTS} times", hint="a loop; ask it with curl -LI"
        )

    def _next(self, url: str, location: str) -> str:
        new = urljoin(url, location)
        addresses.hide_secrets(new, self._context.hide)
        scheme = urlsplit(new).scheme
        if scheme not in ("https", "http") or (scheme == "http" and url.startswith("https:")):
            hint = "ask for the place itself, if it is to be trusted"
            raise StepFailedError(f"{self.shown} redirects to {addresses.shown(new)}, which is not safe", hint=hint)
        return new

    def _send(self, stack: ExitStack, url: str, asked: dict[str, str]) -> Any:
        own = addresses.same_place(url, self._url)
        headers = {"User-Agent": "lockmaster", "Accept": "*/*", "Accept-Encoding": "identity"}
        headers |= {name: value for name, value in self._spec.headers.items() if own or name.lower() in _HARMLESS}
        if own:
            headers |= self._token
        client = stack.enter_context(self._client(url, own=own))
        request = client.build_request("GET", url, headers=headers | asked)
        answer = client.send(request, stream=True, auth=self._auth if own else None, follow_redirects=False)
        stack.callback(answer.close)
        return answer

    def _client(self, url: str, *, own: bool) -> Any:
        httpx = self._httpx
        timeout = httpx.Timeout(self._spec.stall, connect=_CONNECT)
        trust = context_for(self._spec, self._context, own=own) if url.startswith("https:") else False  # 50 ms
        return httpx.Client(verify=trust, timeout=timeout)

    def _refused(self, answer: Any) -> Exception:
        code = answer.status_code
        line = _first_line(answer)
        message = f"{self.shown} answered {code} {answer.reason_phrase}".rstrip() + (f": {line}" if line else "")
        if code in _PASSING:
            after = answer.headers.get("Retry-After", "")
            return Transient(message, after=float(after) if after.isdigit() else 0.0)
        hints = {
            401: "credentials are missing or wrong",
            403: "these credentials may not read it",
            404: "is the address right?",
        }
        return StepFailedError(message, hint=hints.get(code, ""))

    def _explained(self, error: Exception) -> Exception:
        """What the connection died of: a certificate stays wrong, the rest may pass."""
        import ssl

        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                why = cause.verify_message or "it does not verify"
                hint = "ca: FILE names an authority of your own"
                return StepFailedError(f"{self.shown}: its certificate is not trusted: {why}", hint=hint)
            cause = cause.__cause__ or cause.__context__
        if isinstance(error, self._httpx.UnsupportedProtocol | self._httpx.LocalProtocolError):
            return UsageError(f"{self.shown}: {error}")
        return Transient(f"{self.shown}: {str(error) or type(error).__name__}")


def _conditions(have: Have) -> dict[str, str]:
    """What to ask for, given what is here."""
    if have.complete:
        return {"If-None-Match": have.part_version}
    asked = {"If-None-Match": have.version} if have.version else {}
    if have.part and have.part_version != have.version:
        asked |= {"Range": f"bytes={have.part}-", "If-Range": have.part_version}
    return asked


def _goes_on(answer: Any, have: Have) -> bool:
    """Whether a part was sent that continues ours."""
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    same = answer.headers.get("ETag", have.part_version) == have.part_version
    return bool(found and have.part and int(found[1]) == have.part and same)


def _first_line(answer: Any) -> str:
    """The first line of the body that says something, without markup."""
    try:
        body = next(answer.iter_raw(), b"")[:4096].decode("utf-8", "replace")
    except Exception:  # noqa: BLE001 - it is only to explain another error
        return ""
    lines = (" ".join(re.sub(r"<[^>]*>", " ", line).split()) for line in body.splitlines())
    return "".join(char for char in next(filter(None, lines), "") if char.isprintable())[:200]
