"""An OCI registry (go-containerregistry's own), with artifacts as `oras push` makes them."""

import hashlib
import http.client
import json
from collections.abc import Mapping

from tests.support.goprogram import REGISTRY, by_go
from tests.support.ports import free_port
from tests.support.process import Listening

TITLE = "org.opencontainers.image.title"


class Registry(Listening):
    """The server; what is pushed lies in memory."""

    def __init__(self) -> None:
        program, port = by_go(*REGISTRY), free_port()
        super().__init__([program, "-port", str(port)], port)

    def push(self, name: str, tag: str, files: Mapping[str, bytes], **annotations: str) -> str:
        """Push an artifact; give the digest of its manifest. The annotations are those of each file."""
        config = self._blob(name, b"{}")
        layers = [
            self._blob(name, data)
            | {"annotations": {TITLE: title} | {k.replace("_", "."): v for k, v in annotations.items()}}
            for title, data in files.items()
        ]
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers}).encode()
        self._request("PUT", f"/v2/{name}/manifests/{tag}", manifest, kind)
        return f"sha256:{hashlib.sha256(manifest).hexdigest()}"

    def _blob(self, name: str, data: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self._request("POST", f"/v2/{name}/blobs/uploads/?digest={digest}", data, "application/octet-stream")
        return {"mediaType": "application/octet-stream", "digest": digest, "size": len(data)}

    def _request(self, method: str, path: str, body: bytes, kind: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        assert answer.status < 300, (answer.status, said)
