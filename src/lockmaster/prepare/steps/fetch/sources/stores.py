"""`s3://`, `gs://` and `az://`, by obstore. Credentials come as each cloud's own tools take them.

That is: the variables of the environment (AWS_ACCESS_KEY_ID, AZURE_STORAGE_ACCOUNT_NAME, GOOGLE_APPLICATION_CREDENTIALS,
...), the pod's identity (IRSA, workload identity), the machine's metadata; or `store`, with obstore's own names.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lockmaster.errors import LockmasterError, StepFailedError, UsageError
from lockmaster.prepare.steps.fetch import addresses
from lockmaster.prepare.steps.fetch.ports import Content, Have, Transient
from lockmaster.prepare.steps.fetch.sources.pool import failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore import GetOptions

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_CHUNK = 1 << 16
_CLASSES = {"s3": "S3Store", "gs": "GCSStore", "az": "AzureStore"}
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT")


def source(spec: Fetch, context: Context, scratch: str) -> Store:  # noqa: ARG001 - as all sources are made
    return Store(spec, context)


class Store:
    """One object. Its version is its ETag."""

    def __init__(self, spec: Fetch, context: Context) -> None:
        try:
            import obstore
            import obstore.exceptions
            import obstore.store
        except ImportError as error:
            raise addresses.not_installed(error) from error
        self._obstore = obstore
        self.shown = addresses.shown(spec.source)
        scheme, _, rest = spec.source.partition("://")
        bucket, _, self._key = rest.partition("/")
        if not bucket or not self._key:
            raise UsageError(f"{self.shown} names no object", hint=f"{scheme}://BUCKET/KEY")
        for name, value in spec.store.items():
            if addresses.SECRET.search(name):
                context.hide(str(value))
        try:
            self._store = getattr(obstore.store, _CLASSES[scheme])(
                bucket, config=dict(spec.store), client_options=_client(spec, context), retry_config={"max_retries": 0}
            )
        except (obstore.exceptions.BaseError, ValueError, TypeError) as error:
            line = str(error).partition("\n")[0]
            raise UsageError(f"{self.shown}: {line}", hint="store takes the names of obstore's settings") from error

    @contextmanager
    def open(self, have: Have) -> Iterator[Content | None]:
        errors = self._obstore.exceptions
        try:
            yield self._answer(have)
        except (LockmasterError, Transient):
            raise
        except (errors.NotFoundError, FileNotFoundError) as error:
            if isinstance(error, FileNotFoundError) and error.errno is not None:
                raise  # the system's own; obstore's has no number
            raise StepFailedError(f"{self.shown} is not there", hint="look at the bucket and the key") from error
        except (errors.PermissionDeniedError, errors.UnauthenticatedError) as error:
            hint = "look at the role or the keys; store: {skip_signature: true} asks without any"
            raise StepFailedError(f"{self.shown} may not be read with these credentials", hint=hint) from error
        except errors.BaseError as error:
            raise failed(self.shown, error) from error

    def _answer(self, have: Have) -> Content | None:
        errors = self._obstore.exceptions
        options: GetOptions = {}
        if have.complete:
            options = {"if_none_match": have.part_version}
        elif have.part and have.part_version:
            options = {"if_match": have.part_version, "range": {"offset": have.part}}
        elif have.version:
            options = {"if_none_match": have.version}
        try:
            found = self._content(self._obstore.get(self._store, self._key, options=options))
            if found.start == 0 or found.version == have.part_version:  # not every server looks at If-Match
                return found
        except errors.NotModifiedError:
            return None
        except errors.PreconditionError:
            pass  # another one is there now: from the beginning
        return self._content(self._obstore.get(self._store, self._key))

    def _content(self, answer: Any) -> Content:
        etag = str(answer.meta["e_tag"] or "")
        chunks = (bytes(chunk) for chunk in answer.stream(min_chunk_size=_CHUNK))
        return Content(chunks, etag, answer.meta["size"], answer.range[0], resumable=bool(etag))


def _client(spec: Fetch, context: Context) -> dict[str, Any]:
    """How obstore's HTTP client is set up: it limits each silence, not the whole."""
    options: dict[str, Any] = {"timeout": "7days", "connect_timeout": "10s", "read_timeout": f"{int(spec.stall) or 1}s"}
    endpoints = [
        str(spec.store.get(name, "")) for name in ("endpoint", "base_url", "aws_endpoint", "azure_storage_endpoint")
    ]
    if any(url.startswith("http://") for url in (*endpoints, *(context.environ.get(name, "") for name in _ENDPOINTS))):
        options["allow_http"] = True
    if spec.ca:
        try:
            with open(context.path(spec.ca), "rb") as file:
                options["root_certificate"] = file.read()
        except OSError as error:
            raise UsageError(f"ca: cannot read {spec.ca}: {error.strerror}") from error
    return options
