"""Where the API server is, and who we are to it: the pod's service account, or a kubeconfig.

A kubeconfig that KUBECONFIG names comes first, then the service account, then ~/.kube/config.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lockmaster.bundled import how_to_have
from lockmaster.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightkube.config.kubeconfig import SingleConfig

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_NOWHERE = "run it in a pod with a service account (automountServiceAccountToken), or set KUBECONFIG"


def login(environ: Mapping[str, str], account: str = SERVICE_ACCOUNT) -> SingleConfig:
    """How to reach the API server. Raises UsageError when nothing says so, or lightkube is not installed."""
    require()
    if named := [path for path in environ.get("KUBECONFIG", "").split(os.pathsep) if path]:
        found = [path for path in named if os.path.isfile(path)]
        if not found:
            raise UsageError(f"KUBECONFIG: there is no file {named[0]}", hint="set it to a kubeconfig, or unset it")
        return _from_file(found[0])  # kubectl merges several; the first one has its say here
    if environ.get("KUBERNETES_SERVICE_HOST") and os.path.isfile(f"{account}/token"):
        return _from_account(environ, account)
    default = os.path.join(environ.get("HOME", ""), ".kube", "config")
    if environ.get("HOME") and os.path.isfile(default):
        return _from_file(default)
    if environ.get("KUBERNETES_SERVICE_HOST"):
        raise UsageError(f"this pod has no service account token ({account}/token)", hint=_NOWHERE)
    raise UsageError("nothing says where the Kubernetes API server is", hint=_NOWHERE)


def require() -> None:
    """Raises UsageError when lightkube is not installed. Does not load it."""
    from importlib.util import find_spec

    if find_spec("lightkube") is None:
        raise UsageError("lightkube is not installed", hint=how_to_have("kube"))


def _from_account(environ: Mapping[str, str], account: str) -> SingleConfig:
    """As client-go's InClusterConfig. The token's file is named, not its text: the kubelet writes new ones into it."""
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.config.models import Cluster, User

    host = environ["KUBERNETES_SERVICE_HOST"]
    if ":" in host:
        host = f"[{host}]"
    return _one(
        KubeConfig.from_one(
            cluster=Cluster(
                server=f"https://{host}:{environ.get('KUBERNETES_SERVICE_PORT') or 443}",
                certificate_auth=f"{account}/ca.crt",
            ),
            user=User(token_file=f"{account}/token"),
            namespace=_text(f"{account}/namespace") or "default",
        )
    )


def _from_file(path: str) -> SingleConfig:
    import msgspec
    import yaml  # type: ignore[import-untyped]
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.exceptions import ConfigError

    try:
        return _one(KubeConfig.from_file(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="look at its owner and mode") from error
    except (ConfigError, msgspec.ValidationError) as error:
        raise _unusable(path, str(error).splitlines()[0]) from error
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, UnicodeDecodeError) as error:  # of a file's shape
        raise _unusable(path, "something is missing in it") from error


def _unusable(path: str, why: str) -> UsageError:
    return UsageError(f"{path} is no kubeconfig that can be used: {why}", hint="kubectl config view")


def _one(config: Any) -> SingleConfig:
    """The current context. Raises ConfigError."""
    from lightkube.config.models import User

    found: SingleConfig = config.get()
    if found.user is None:  # lightkube wants one, be it nobody
        found = found._replace(user=User())
    if found.user and found.user.exec:
        _modern(found.user.exec)
    return found


def _modern(plugin: Any) -> None:
    """Let plugins of today run: lightkube knows the older version's name only, and does not tell them what they are asked.

    What is answered is the same in both versions; which one, the plugin reads from the variable (client-go does it so).
    """
    from lightkube.config.models import NameValue

    asked = f'{{"apiVersion": "{plugin.apiVersion}", "kind": "ExecCredential", "spec": {{"interactive": false}}}}'
    plugin.env = [*(plugin.env or []), NameValue("KUBERNETES_EXEC_INFO", asked)]
    if plugin.apiVersion == "client.authentication.k8s.io/v1":
        plugin.apiVersion = "client.authentication.k8s.io/v1beta1"


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""
