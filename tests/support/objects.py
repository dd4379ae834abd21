"""Object stores: S3 by moto's server, Azure's by Azurite (npm), Google's by fake-gcs-server (Go).

Each is the ecosystem's own stand-in, spoken to by real clients over HTTP. `put(key, data)` stores an object, `store` is
what a step's `store` must say, `url(key)` its address.
"""

import base64
import hmac
import http.client
import os
from abc import ABC, abstractmethod
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Self

import obstore
from obstore.store import AzureStore, S3Store

from tests.support.goprogram import FAKE_GCS, by_go
from tests.support.needs import need
from tests.support.npm import NpmMissingError, installed
from tests.support.ports import free_port
from tests.support.process import Listening

AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's own
)
BUCKET = "bucket"


class ObjectStore(ABC):
    """One server with one bucket."""

    scheme: str
    store: dict[str, str | bool]

    def url(self, key: str) -> str:
        return f"{self.scheme}://{BUCKET}/{key}"

    @abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Store an object."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class S3(ObjectStore):
    """moto's server: in a thread of this process."""

    scheme = "s3"

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer  # loads half of flask

        port = free_port()
        self._server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        self._server.start()
        keys = {"access_key_id": "test", "secret_access_key": "test-secret"}
        self.store = {"endpoint": f"http://127.0.0.1:{port}", "region": "us-east-1", **keys}
        _request(port, "PUT", f"/{BUCKET}")
        self._client = S3Store(BUCKET, config=dict(self.store), client_options={"allow_http": True})

    def put(self, key: str, data: bytes) -> None:
        obstore.put(self._client, key, data)

    def close(self) -> None:
        self._server.stop()


class Azure(ObjectStore):
    """Azurite."""

    scheme = "az"

    def __init__(self) -> None:
        program, port = _azurite(), free_port()
        argv = [program, "--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", str(port)]
        self._server = Listening([*argv, "--skipApiVersionCheck", "--disableTelemetry"], port, dict(os.environ))
        endpoint = f"http://127.0.0.1:{port}/{AZURITE_ACCOUNT}"
        self.store = {"account_name": AZURITE_ACCOUNT, "account_key": AZURITE_KEY, "endpoint": endpoint}
        self._client = AzureStore(BUCKET, config=dict(self.store), client_options={"allow_http": True})
        _make_container(port)

    def put(self, key: str, data: bytes) -> None:
        obstore.put(self._client, key, data)

    def close(self) -> None:
        self._server.close()


class Google(ObjectStore):
    """fake-gcs-server."""

    scheme = "gs"

    def __init__(self) -> None:
        program, self._port = by_go(*FAKE_GCS), free_port()
        argv = [program, "-scheme", "http", "-host", "127.0.0.1", "-port", str(self._port), "-backend", "memory"]
        url = f"http://127.0.0.1:{self._port}"
        self._server = Listening([*argv, "-external-url", url, "-public-host", f"127.0.0.1:{self._port}"], self._port)
        self.store = {"base_url": url, "skip_signature": True}
        _request(self._port, "POST", "/storage/v1/b?project=p", f'{{"name": "{BUCKET}"}}'.encode())

    def put(self, key: str, data: bytes) -> None:
        path = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={key}"
        _request(self._port, "POST", path, data)

    def close(self) -> None:
        self._server.close()


def _request(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert answer.status < 300, said


def _azurite() -> Path:
    """The program, as the lock file in tests/steps/fetch/azurite has it."""
    program = "node_modules/.bin/azurite-blob"
    try:
        return installed("azurite", Path(__file__).parents[1] / "steps/fetch/azurite", program) / program
    except NpmMissingError as error:
        need(found=False, reason=f"needs Azurite: {error}")
        raise AssertionError from error


def _make_container(port: int) -> None:
    """By hand, signed with the account's key: obstore makes no containers."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    text = "PUT" + "\n" * 12 + lines + f"/{AZURITE_ACCOUNT}/{AZURITE_ACCOUNT}/{BUCKET}\nrestype:container"
    signed = base64.b64encode(hmac.digest(base64.b64decode(AZURITE_KEY), text.encode(), "sha256")).decode()
    headers["Authorization"] = f"SharedKey {AZURITE_ACCOUNT}:{signed}"
    _request(port, "PUT", f"/{AZURITE_ACCOUNT}/{BUCKET}?restype=container", **headers)
