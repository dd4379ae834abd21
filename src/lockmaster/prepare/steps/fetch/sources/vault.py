"""`vault://mount/path#field`: a secret of Vault's KV engine (version 2, else 1), by hvac.

Where Vault is, VAULT_ADDR says, and VAULT_NAMESPACE; who we are, `token`, `token_file` or VAULT_TOKEN, or with `role`
the pod's service account. A field is written as it is; without one, all of them as JSON.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lockmaster.errors import StepFailedError, UsageError
from lockmaster.prepare.steps.fetch import addresses
from lockmaster.prepare.steps.fetch.credentials import token_of
from lockmaster.prepare.steps.fetch.ports import Content, Have, Transient
from lockmaster.prepare.steps.fetch.sources.pool import failed
from lockmaster.prepare.steps.fetch.sources.session import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"


def source(spec: Fetch, context: Context, scratch: str) -> Secret:  # noqa: ARG001 - as all sources are made
    return Secret(spec, context)


class Secret:
    """One secret, or a field of it. It is always read: no version of it is kept beside the file."""

    def __init__(self, spec: Fetch, context: Context) -> None:
        try:
            import hvac  # type: ignore[import-untyped]
            import requests
        except ImportError as error:
            raise addresses.not_installed(error) from error
        self._hvac, self._requests = hvac, requests
        self._spec, self._context = spec, context
        place, _, field = spec.source.partition("://")[2].partition("#")
        self._mount, _, self._path = unquote(place).strip("/").partition("/")
        self._field = spec.field or unquote(field)
        self.shown = addresses.shown(spec.source)
        if not self._mount or not self._path:
            raise UsageError(f"{self.shown} names no secret", hint="vault://MOUNT/PATH#FIELD")
        if not context.environ.get("VAULT_ADDR"):
            raise UsageError("VAULT_ADDR is not set", hint="VAULT_ADDR=https://vault:8200 says where Vault is")
        self._token = token_of(spec, context) or context.environ.get("VAULT_TOKEN", "")
        context.hide(self._token)

    @contextmanager
    def open(self, have: Have) -> Iterator[Content]:  # noqa: ARG002 - it is always read
        errors = self._hvac.exceptions
        try:
            data = self._read()
        except errors.InvalidPath as error:
            raise StepFailedError(
                f"{self.shown} is not there", hint="look at mount and path (without data/)"
            ) from error
        except (errors.Forbidden, errors.Unauthorized) as error:
            hint = "look at the token, or the role, and at its policy"
            raise StepFailedError(f"{self.shown} may not be read with this token", hint=hint) from error
        except (errors.InternalServerError, errors.VaultDown, errors.BadGateway, errors.RateLimitExceeded) as error:
            raise Transient(f"{self.shown}: Vault answers {type(error).__name__}") from error
        except errors.VaultNotInitialized as error:
            raise Transient(f"{self.shown}: Vault is not initialised") from error
        except (errors.VaultError, self._requests.RequestException) as error:
            raise failed(self.shown, error) from error
        content = self._text(data).encode()
        yield Content(iter([content] if content else []), total=len(content))

    def _read(self) -> Any:
        client = self._client()
        if self._spec.role:
            with open(_ACCOUNT, encoding="ascii") as file:
                token = file.read().strip()
            self._context.hide(token)
            client.auth.kubernetes.login(role=self._spec.role, jwt=token)
        kv = client.secrets.kv
        try:
            answer = kv.v2.read_secret_version(self._path, mount_point=self._mount, raise_on_deleted_version=True)
            return answer["data"]["data"]
        except self._hvac.exceptions.InvalidPath as error:
            try:
                return kv.v1.read_secret(self._path, mount_point=self._mount)["data"]
            except self._hvac.exceptions.VaultError:
                raise error from None

    def _client(self) -> Any:
        environ, spec = self._context.environ, self._spec
        verify = self._context.path(spec.ca) if spec.ca else environ.get("VAULT_CACERT") or True
        session = prepare(self._requests.Session(), spec, self._context)
        session.verify = verify  # hvac looks at its own argument only where it makes the session
        return self._hvac.Client(
            url=environ["VAULT_ADDR"],
            token=self._token or None,
            namespace=environ.get("VAULT_NAMESPACE") or None,
            verify=verify,
            session=session,
            timeout=spec.stall,
        )

    def _text(self, data: Any) -> str:
        """What is written. Its values are masked from now on."""
        for value in data.values():
            if isinstance(value, str):
                self._context.hide(value)
        if not self._field:
            return json.dumps(data, sort_keys=True) + "\n"
        if self._field not in data:
            hint = f"it has {', '.join(sorted(data))}"
            raise StepFailedError(f"{self.shown} has no field {self._field}", hint=hint)
        value = data[self._field]
        return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
