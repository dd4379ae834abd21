"""What docs/steps-wait-kubernetes.md says is true: its Role, as it stands there, is enough."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from tests.kube.cluster import state

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.kube.objects import Observer
    from tests.kube.cluster import Cluster

PAGE = Path(__file__).resolve().parents[2] / "docs" / "steps-wait-kubernetes.md"


def test_the_role_is_one_and_enough(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    (text,) = [block for block in blocks if "Role" in block]
    role, binding = YAML(typ="safe").load_all(text)
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{cluster.namespace}"
    cluster.api.make(f"{rbac}/roles", role)
    binding["subjects"] = [
        subject | {"name": "waiter", "namespace": cluster.namespace} for subject in binding["subjects"]
    ]
    cluster.api.make(f"{rbac}/rolebindings", binding)
    pod = cluster.waiter()
    state(observe("service/web", pod), "no EndpointSlice")
    seen = observe("job/migrate", pod)
    state(seen, "no such Job")
    cluster.make_job()
    cluster.end_job()
    assert state(seen, "complete").ready
