"""`oci://registry/repository:tag` (or `@sha256:...`): the files of an OCI artifact, by oras.

One file is a file; several are a folder, each under the name that its annotation says; `path` picks one of them.
Logins come from the step, else from Docker's config.json.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from lockmaster.errors import LockmasterError, StepFailedError, UsageError
from lockmaster.prepare.steps.fetch import addresses
from lockmaster.prepare.steps.fetch.credentials import login_of, token_of
from lockmaster.prepare.steps.fetch.ports import Content, Entry, Have, Transient, Tree
from lockmaster.prepare.steps.fetch.sources.pool import failed
from lockmaster.prepare.steps.fetch.sources.session import prepare
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_CHUNK = 1 << 16
_MOST = 4 << 20  # bytes of a manifest
_TITLE, _PACKED = "org.opencontainers.image.title", "io.deis.oras.content.unpack"
_ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
_LOGIN = "username and password or token of the step, or a login in ~/.docker/config.json"


class _Layer(NamedTuple):
    name: str
    digest: str
    size: int
    packed: bool  # a folder, as a tar.gz


def source(spec: Fetch, context: Context, scratch: str) -> Artifact:  # noqa: ARG001 - as all sources are made
    return Artifact(spec, context)


class Artifact:
    """One artifact. Its version is the digest of its manifest."""

    def __init__(self, spec: Fetch, context: Context) -> None:
        try:
            import oras.provider  # type: ignore[import-untyped] # its other modules import each other in a circle
            from oras.logger import logger  # type: ignore[import-untyped]
        except ImportError as error:
            raise addresses.not_installed(error) from error
        logger.set_level(100)  # it writes on standard error by itself
        self.shown = addresses.shown(spec.source)
        self._spec = spec
        scheme, _, rest = spec.source.partition("://")
        host, _, name = rest.partition("/")
        host = host.rpartition("@")[2]
        self._registry = oras.provider.Registry(
            host, insecure=scheme == "oci+http", tls_verify=context.path(spec.ca) if spec.ca else True
        )
        try:
            self._container = self._registry.get_container(f"{host}/{name}")
        except ValueError as error:
            raise UsageError(f"{self.shown} is no OCI reference", hint="oci://REGISTRY/REPOSITORY:TAG") from error
        plain = type(self._registry).do_request.__wrapped__  # without oras's own pauses of up to a minute
        self._registry.do_request = partial(plain, self._registry)
        prepare(self._registry.session, spec, context)
        self._login, self._token = login_of(spec, context), token_of(spec, context)
        self._answers: list[Any] = []

    @contextmanager
    def open(self, have: Have) -> Iterator[Content | Tree | None]:
        try:
            self._log_in()
            manifest, version = self._manifest()
            if version == have.version:
                yield None
                return
            layers = self._layers(manifest)
            if len(layers) == 1:
                (layer,) = layers
                yield Content(self._blob(layer), version, layer.size)
            else:
                yield Tree(self._entries(layers), version)
        except (LockmasterError, Transient, OSError) as error:
            import requests

            if isinstance(error, requests.RequestException):
                raise failed(self.shown, error) from error
            raise
        except ValueError as error:  # oras has no class of its own
            if "authenticat" in str(error):
                raise StepFailedError(f"{self.shown}: the registry wants other credentials", hint=_LOGIN) from error
            raise failed(self.shown, error) from error
        finally:
            for answer in self._answers:
                answer.close()

    def _log_in(self) -> None:
        """Choose how the registry wants it: with a token from its realm, or with the password itself."""
        from oras.auth import get_auth_backend  # type: ignore[import-untyped]

        registry = self._registry
        place = f"{registry.prefix}://{self._container.registry}/v2/"
        wants = self._asked(registry.session.get(place, stream=True)).headers.get("WWW-Authenticate", "")
        if wants.lower().startswith("basic"):
            insecure = registry.prefix == "http"
            registry.auth = get_auth_backend("basic", registry.session, insecure, tls_verify=registry._tls_verify)  # noqa: SLF001
        (user, password), token = self._login, self._token
        if user and (password or token):
            registry.auth.set_basic_auth(user, password or token)
        elif token:
            registry.auth.set_token_auth(token)
        registry.auth.load_configs(self._container)
        if wants.lower().startswith("basic") and not getattr(registry.auth, "_basic_auth", ""):
            raise StepFailedError(f"{self.shown}: the registry wants credentials", hint=_LOGIN)

    def _asked(self, answer: Any) -> Any:
        self._answers.append(answer)
        return answer

    def _manifest(self) -> tuple[Any, str]:
        registry = self._registry
        answer = registry.do_request(
            f"{registry.prefix}://{self._container.manifest_url()}", "GET", headers={"Accept": _ACCEPT}, stream=True
        )
        self._look(self._asked(answer))
        body = answer.raw.read(_MOST, decode_content=True)
        version = f"sha256:{sha256(body).hexdigest()}"
        pinned = self._container.digest
        if pinned and pinned.lstrip("@") != version:
            raise StepFailedError(
                f"{self.shown}: its manifest has the digest {version}", hint="the registry is broken, or an attack"
            )
        try:
            manifest = json.loads(body)
        except ValueError as error:
            raise StepFailedError(
                f"{self.shown} answered with what is no manifest", hint="is it a registry?"
            ) from error
        return manifest, version

    def _layers(self, manifest: Any) -> list[_Layer]:
        if not isinstance(manifest, dict) or not isinstance(manifest.get("layers"), list):
            raise StepFailedError(f"{self.shown} is an index of several images", hint="name one of them by its digest")
        try:
            layers = [_layer(item) for item in manifest["layers"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StepFailedError(f"{self.shown}: its manifest is broken", hint="is it a registry?") from error
        if self._spec.path:
            layers = [layer for layer in layers if layer.name == self._spec.path]
        if not layers:
            raise StepFailedError(
                f"{self.shown} has no file {self._spec.path}".rstrip(), hint="oras manifest fetch shows its files"
            )
        if len(layers) > 1 and any(layer.packed or not layer.name for layer in layers):
            message = f"{self.shown} has several parts that are no plain files"
            raise StepFailedError(message, hint="path: NAME picks one, unpack: true unpacks it")
        return layers

    def _entries(self, layers: list[_Layer]) -> Iterator[Entry]:
        for layer in layers:
            yield Entry(layer.name, "file", chunks=partial(self._blob, layer))

    def _blob(self, layer: _Layer) -> Iterator[bytes]:
        """The bytes of a layer; an error at the end if they are not those that the manifest says."""
        answer = self._registry.get_blob(self._container, layer.digest, stream=True)
        self._look(self._asked(answer))
        digest = sha256()
        for chunk in answer.iter_content(_CHUNK):
            digest.update(chunk)
            yield chunk
        if f"sha256:{digest.hexdigest()}" != layer.digest:
            raise Transient(f"{self.shown}: {layer.name or layer.digest} is not what its manifest says")

    def _look(self, answer: Any) -> None:
        """Raise what a bad answer means."""
        if answer.status_code == 200:
            return
        text = f"status {answer.status_code} {answer.reason or ''}".rstrip()
        raise failed(self.shown, ValueError(text))


def _layer(item: Any) -> _Layer:
    notes = item.get("annotations") or {}
    return _Layer(str(notes.get(_TITLE, "")), str(item["digest"]), int(item["size"]), notes.get(_PACKED) == "true")
