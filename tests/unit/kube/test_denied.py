"""What was denied is named, and not something else of the same Role."""

from __future__ import annotations

from lockmaster.kube.access import Access, forbidden

LEASE = (
    Access("coordination.k8s.io", "leases", ("get", "update"), "shop", "turn"),
    Access("coordination.k8s.io", "leases", ("create",), "shop"),
)


def test_who_may_look_and_not_make_was_told_that_he_may_not_look() -> None:
    said = 'leases is forbidden: User "system:serviceaccount:shop:web" cannot create resource "leases"'
    denied = forbidden(LEASE, said, "create")
    assert denied.message == "service account web may not create leases.coordination.k8s.io in namespace shop"
    assert all(rule in denied.hint for rule in ('verbs: ["get", "update"]', 'verbs: ["create"]'))
    assert "may not update leases.coordination.k8s.io turn in" in forbidden(LEASE, said, "update").message
