"""One API server for all tests of this folder; each test has a namespace of its own in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lockmaster.kube.objects import Observer
from lockmaster.kube.target import aim
from tests.kube.cluster import Cluster
from tests.support.apiserver import ApiServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lockmaster.kube.api import Api


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups, also where this folder is named on the command line
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs them all, so that one API server is enough."""
    for item in items:
        if "tests/kube/" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("kube"))


@pytest.fixture(scope="session")
def apiserver() -> Iterator[ApiServer]:
    with ApiServer() as server:
        yield server


@pytest.fixture
def cluster(apiserver: ApiServer, tmp_path: Path) -> Iterator[Cluster]:
    with in_namespace(apiserver, tmp_path) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def own_server() -> Iterator[ApiServer]:
    """An API server that may be stopped."""
    with ApiServer() as server:
        yield server


@pytest.fixture
def own(own_server: ApiServer, tmp_path: Path) -> Iterator[Cluster]:
    with in_namespace(own_server, tmp_path) as cluster:
        yield cluster


@contextmanager
def in_namespace(server: ApiServer, folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(server, server.namespace(), folder, [])
    yield cluster
    for api in cluster.opened:
        api.close()


@pytest.fixture
def observe(cluster: Cluster) -> Iterator[Callable[..., Observer]]:
    """Watch a target: observe("job/migrate", api=...)."""
    made: list[Observer] = []

    def start(rest: str, api: Api | None = None) -> Observer:
        made.append(Observer(api or cluster.client(), aim(f"kube://{rest}")))
        return made[-1]

    yield start
    for observer in made:
        observer.close()
