"""A process where the kubelet would have put it: its service account's folder stands where a pod has it.

    account = api.mount(tmp_path / "account", namespace, token)
    run = start_cli([...], env=environment(api), prefix=in_pod(account))

A mount namespace of its own has it there, so that nothing of the machine changes. Needs root.
"""

import os
from pathlib import Path

from tests.support.needs import need

PLACE = "/run/secrets/kubernetes.io/serviceaccount"  # /var/run is /run
_SCRIPT = f'mount -t tmpfs none /run && mkdir -p {PLACE} && mount --bind "$1" {PLACE} && shift && exec "$@"'


def in_pod(account: Path) -> list[str]:
    """What to put in front of a command."""
    need(os.geteuid() == 0, "needs root, for a mount namespace")
    return ["unshare", "--mount", "sh", "-ec", _SCRIPT, "sh", str(account)]


def environment(host: str, port: int, **more: str) -> dict[str, str]:
    """Give the variables that every pod has."""
    return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": str(port), **more}
