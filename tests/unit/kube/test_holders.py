"""Whose turn it is, read from the names that sessions and Leases give; and when it may be said that he is gone."""

from __future__ import annotations

import pytest

from lockmaster.databases.postgres.database import application_name
from lockmaster.kube.holders import Holder, read, same_workload

UID = "1a2b3c4d-1111-4222-8333-123456789abc"


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("lockmaster/web-0 (pid 17)", Holder("web-0")),
        ("lockmaster/web-0@1a2b3c4d (pid 17)", Holder("web-0", "1a2b3c4d")),
        (f"web-0_{UID}_0a1b2c3d since 2026-01-01T00:00:00Z", Holder("web-0", UID, "Lease")),
        ("web-0_0a1b2c3d since 2026-01-01T00:00:00Z", Holder("web-0", "", "Lease")),
        ("psql (pid 17)", None),
        ("another process", None),
        ("held by the API server", None),
        ("", None),
    ],
)
def test_the_pod_of_a_holder(text: str, holder: Holder | None) -> None:
    assert read(text) == holder


@pytest.mark.parametrize("uid", ["", UID])
@pytest.mark.parametrize("length", [1, 10, 42, 43, 44, 51, 52, 53, 80])
def test_a_name_that_was_cut_is_nobodys(length: int, uid: str) -> None:
    """PostgreSQL has 63 bytes: a pod whose name lost its beginning must not be looked for, and found missing."""
    pod = "p" * length
    name = application_name(pod, uid)
    assert len(name) <= 63
    assert ("@1a2b3c4d" in name) == bool(uid)
    found = read(f"{name} (pid 1)")
    assert found in (None, Holder(pod, uid[:8]))
    assert (found is None) == (length >= (43 if uid else 52))


def test_a_strange_uid_is_left_out() -> None:
    assert application_name("web-0", "$(POD_UID)") == "lockmaster/web-0"


def test_only_of_the_same_workload() -> None:
    assert same_workload("web-6f7d8c9b5-abcde", "web-5c4b3a291-fghij")
    assert same_workload("web-0", "web-1")
    assert not same_workload("web-6f7d8c9b5-abcde", "worker-5c4b3a291-fghij")
    assert not same_workload("laptop", "web-0")


def test_two_names_with_one_beginning_are_two_workloads() -> None:
    """The other one may be of another namespace: it was told that it is gone, since it is not in ours."""
    assert not same_workload("shop-api-0", "shop-web-0")
    assert not same_workload("db-seed-x7k2p", "db-migrate-x7k2p")
    assert same_workload("db-migrate-8hw4z", "db-migrate-x7k2p")
    assert same_workload("shop-api-0", "shop-api-12")
    assert same_workload("shop-api-7bcdfgh-x7k2p", "shop-api-bcdfghjklm-8hw4z")
    assert not same_workload("laptop", "desktop")
