"""A Job that never ends, because a container beside it goes on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check.images import image
from lockmaster.manifests.check.migrating import ends
from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="job-sidecar",
    severity="error",
    title="a sidecar keeps the Job from ending",
    effect="the Job is complete when all its containers are: the proxy goes on, the migration is done and the release waits "
    "until its deadline",
    help="make it a native sidecar: move it to initContainers, in front, with restartPolicy: Always and a startupProbe",
)
_SIDECAR = re.compile(
    r"cloud-?sql-?proxy|(?:^|/)(?:istio/)?proxyv2|istio-proxy|linkerd-?(?:proxy|io)|envoy|vault-agent|pgbouncer|"
    r"alloydb-auth-proxy|dapr|consul-(?:dataplane|connect)|fluent-?bit|filebeat|otel-?collector|opentelemetry-collector|"
    r"tailscale|oauth2-proxy|ssh-tunnel"
)


def find(world: World) -> Iterator[Finding]:
    """Every container that is known to go on, beside a migration in a pod that is to end."""
    for workload in world.migrating:
        if not ends(workload):
            continue
        for container in workload.containers():
            name = image(text(container.root.get("image"))).repository
            told_to_end = "quitquitquit" in str(workload.spec) or "exit-zero-on-sigterm" in str(container.root)
            goes_on = container.field == "containers" and _SIDECAR.search(f"{container.name} {name}")
            if goes_on and not told_to_end:
                yield at(RULE, container, message=f"{container.name} goes on when the migration is done")
