"""One cluster for all tests of this folder; each test has a namespace of its own in it."""

from __future__ import annotations

import faulthandler
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster import images
from tests.cluster.namespace import Namespace
from tests.cluster.results import Results, Row, versions
from tests.support.cluster import Cluster, CurrentContext, OwnCluster
from tests.support.needs import need

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

MANIFESTS = Path(__file__).parent / "manifests"
LABEL = "lockmaster-test=images-of-the-node"
PROBE = """{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": {"containers": [
    {"name": "probe", "image": "none:latest"}]}}"""
RESULTS = Results()


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups, also where this folder is named on the command line
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs them all, one after the other; each has minutes, because the machine may be busy."""
    for item in items:
        if "tests/cluster/" in item.nodeid:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.xdist_group("cluster"))
            item.add_marker(pytest.mark.timeout(900))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and "tests/cluster/" in item.nodeid:
        name = item.name.removeprefix("test_").replace("_", " ")
        RESULTS.rows.append(Row(name, report.outcome, report.duration))
    return report


@pytest.fixture
def results() -> Results:
    """Give what measurements go into."""
    return RESULTS


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Give a cluster that has the images."""
    if request.config.getoption("--use-current-context"):
        made: Cluster = CurrentContext(request.config.getoption("--image-loader"))
    else:
        made = OwnCluster()
    with made:
        made.load(images.archive())
        made.kubectl("apply", "-f", str(MANIFESTS / "images-of-the-node.yaml"))
        yield made
        page = request.config.getoption("--cluster-results")
        if page:
            Path(page).parent.mkdir(parents=True, exist_ok=True)
            Path(page).write_text(RESULTS.page(versions(made)))
        if not made.ours:
            made.kubectl("delete", "-f", str(MANIFESTS / "images-of-the-node.yaml"))


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[Namespace]:
    """Give an empty namespace, in which pods take their images from the node."""
    made = Namespace(cluster, f"t{os.urandom(4).hex()}")
    cluster.kubectl("create", "namespace", made.name)
    cluster.kubectl("label", "namespace", made.name, LABEL)
    made.until(
        "the service account", lambda: not cluster.ask("-n", made.name, "get", "serviceaccount", "default").returncode
    )
    yield made
    # Its pods' own grace does not matter any more.
    cluster.ask(
        "-n", made.name, "delete", "deployments,jobs,pods", "--all", "--force", "--grace-period=0", "--wait=false"
    )
    cluster.ask("delete", "namespace", made.name, "--wait=false")


@pytest.fixture
def database(namespace: Namespace) -> Namespace:
    """Give a namespace with a PostgreSQL: the Service `postgres`, the role admin/changeme, the database mydb."""
    namespace.roll_out(MANIFESTS / "postgres.yaml", "postgres")
    return namespace


@pytest.fixture
def own(cluster: Cluster) -> OwnCluster:
    """Give the cluster to a test that does to the node what may be done to ours alone."""
    need(isinstance(cluster, OwnCluster), "does things to the node that only a cluster of tools/cluster is there for")
    assert isinstance(cluster, OwnCluster)
    return cluster


@pytest.fixture
def policy(namespace: Namespace) -> None:
    """Wait until the cluster's admission makes the pull policy IfNotPresent: it needs a second to know of the namespace."""

    def admitted() -> bool:
        return "IfNotPresent" in namespace.kubectl("create", "--dry-run=server", "-o", "yaml", "-f", "-", stdin=PROBE)

    namespace.until("the policy for images of the node", admitted)


@pytest.fixture(autouse=True)
def patience() -> None:
    """The mark timeout ends these tests; the process' own, much shorter limit for a test is called off."""
    faulthandler.cancel_dump_traceback_later()
