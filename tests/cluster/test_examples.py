"""The two example manifests, as teams write them, on a real cluster: without Lockmaster, to know what they do.

Nothing is changed in their text for the images: see manifests/images-of-the-node.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster import examples
from tests.cluster.namespace import init_status
from tests.support.cluster import KubectlError

if TYPE_CHECKING:
    from tests.cluster.namespace import Namespace
    from tests.cluster.results import Results


def test_web_as_it_is_written_is_refused(namespace: Namespace) -> None:
    with pytest.raises(KubectlError, match=r"selector: Required value|missing required field \"selector\""):
        namespace.apply(examples.WEB)


def test_web_with_selector_and_labels(database: Namespace, policy: None, results: Results) -> None:
    """Three at once: the lock of node-pg-migrate does not wait, so pods fail until one of them is through."""
    database.roll_out(examples.web(), "web-with-migration")
    assert examples.by_node_pg_migrate(database) == examples.MADE_BY_NODE_PG_MIGRATE
    pods = database.pods(app="web")
    assert len(pods) == 3
    assert {init_status(pod)["state"]["terminated"]["exitCode"] for pod in pods} == {0}
    restarts = [init_status(pod)["restartCount"] for pod in pods]
    results.note("restarts of `npm run migrate` as it is, three replicas", ", ".join(map(str, restarts)))


def test_backend(database: Namespace, policy: None) -> None:
    database.apply(examples.SECRET)
    database.roll_out(examples.BACKEND, "my-backend-deployment")
    assert examples.by_prisma(database) == examples.MADE_BY_PRISMA
