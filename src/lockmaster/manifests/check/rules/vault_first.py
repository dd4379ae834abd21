"""Secrets that are injected after the migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import pod_annotation
from lockmaster.manifests.check.model import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="vault-first",
    severity="warning",
    title="Vault's agent comes after the migration",
    effect="the injected init container is put behind those that are there: the migration runs before /vault/secrets has "
    "anything in it",
    help="vault.hashicorp.com/agent-init-first: 'true' beside vault.hashicorp.com/agent-inject",
)


def find(world: World) -> Iterator[Finding]:
    """Every pod with Vault's agent and a migrating init container, where the agent is not put first."""
    for workload in world.migrating:
        injected = pod_annotation(workload, "vault.hashicorp.com/agent-inject") == "true"
        first = pod_annotation(workload, "vault.hashicorp.com/agent-init-first") == "true"
        if injected and not first and any(one.role == "init" for one in world.migrations_of(workload)):
            path = (*workload.where, "metadata", "annotations", "vault.hashicorp.com/agent-inject")
            yield Finding(
                RULE, workload.object, path, "the migration runs before Vault's agent has fetched its secrets"
            )
