"""Where the API server is, and who we are: each way in, against a real server; and what is told where there is none."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import UsageError
from lockmaster.kube.api import connect
from lockmaster.kube.login import login

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.cluster import Cluster


def whoami(cluster: Cluster, environ: dict[str, str], account: str = "/nowhere") -> str:
    """Ask the API server who we are."""
    api = cluster.opening(connect(environ, account=account))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = api.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=review)
    assert answer is not None
    return f"{answer['status']['userInfo']['username']} in {api.namespace}"


def in_pod(cluster: Cluster) -> tuple[dict[str, str], str]:
    token = cluster.api.waiter_token(cluster.namespace)
    account = cluster.api.mount(cluster.folder / "account", cluster.namespace, token)
    return {"KUBERNETES_SERVICE_HOST": cluster.api.host, "KUBERNETES_SERVICE_PORT": str(cluster.api.port)}, str(account)


def test_service_account(cluster: Cluster) -> None:
    waiter = f"system:serviceaccount:{cluster.namespace}:waiter in {cluster.namespace}"
    assert whoami(cluster, *in_pod(cluster)) == waiter


def test_kubeconfig_that_is_named_comes_before_the_service_account(cluster: Cluster) -> None:
    environ, account = in_pod(cluster)
    config = cluster.api.kubeconfig(cluster.folder / "config", "elsewhere", cluster.api.token)
    assert whoami(cluster, environ | {"KUBECONFIG": f"/nowhere:{config}"}, account) == "admin in elsewhere"


def test_kubeconfig_of_the_home_folder_comes_last(cluster: Cluster) -> None:
    (cluster.folder / ".kube").mkdir()
    cluster.api.kubeconfig(cluster.folder / ".kube" / "config", "athome", cluster.api.token)
    assert whoami(cluster, {"HOME": str(cluster.folder)}) == "admin in athome"
    environ, account = in_pod(cluster)
    assert "waiter" in whoami(cluster, environ | {"HOME": str(cluster.folder)}, account)


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_kubeconfig_with_a_plugin(cluster: Cluster, version: str) -> None:
    """As the clouds have it: a command gives the token. It is told which version is asked for, and answers so."""
    plugin = cluster.folder / "plugin"
    plugin.write_text(
        f"#!{sys.executable}\nimport json, os\nasked = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        f"print(json.dumps(asked | {{'status': {{'token': '{cluster.api.token}'}}}}))\n"
    )
    plugin.chmod(stat.S_IRWXU)
    config = cluster.api.kubeconfig(cluster.folder / "config", "x", "none")
    exec_ = f"exec: {{apiVersion: client.authentication.k8s.io/{version}, command: {plugin}, interactiveMode: Never}}"
    config.write_text(config.read_text().replace("token: 'none'", exec_))
    assert whoami(cluster, {"KUBECONFIG": str(config)}) == "admin in x"


def test_nowhere(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing says where the Kubernetes API server is") as nowhere:
        login({"HOME": str(tmp_path)}, account=str(tmp_path))
    assert "set KUBECONFIG" in nowhere.value.hint


def test_pod_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this pod has no service account token"):
        login({"KUBERNETES_SERVICE_HOST": "10.97.0.1"}, account=str(tmp_path))


def test_kubeconfig_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"KUBECONFIG: there is no file {tmp_path}/none"):
        login({"KUBECONFIG": f"{tmp_path}/none"})


EMPTY = "current-context: x\nclusters: []\ncontexts: []\n"


@pytest.mark.parametrize("text", ["", "[1]", "clusters: [", "apiVersion: v1\nkind: Config\n", EMPTY])
def test_kubeconfig_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(UsageError, match=f"{tmp_path}/config is no kubeconfig that can be used"):
        login({"KUBECONFIG": f"{tmp_path}/config"})


def test_ipv6_address_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    assert (
        login({"KUBERNETES_SERVICE_HOST": "fd00::1"}, account=str(tmp_path)).cluster.server == "https://[fd00::1]:443"
    )
