"""How a target is read, and what is told to who writes it wrong."""

from __future__ import annotations

from typing import Any

import pytest

from lockmaster.errors import UsageError
from lockmaster.kube.jsonpath import JsonPath, PathError
from lockmaster.kube.target import aim

OBJECT = {
    "metadata": {"labels": {"a.b/c": "dotted", "plain": "x"}},
    "spec": {"n": 3, "on": True, "nothing": None},
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "n": 1}, {"type": "Old", "status": "False", "n": 2}],
        "ingress": [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}],
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("{.status.phase}", ["Running"]),
        ("{$.status.phase}", ["Running"]),
        (".status.phase", ["Running"]),
        ("status.phase", ["Running"]),
        ("{.status.ingress[0].ip}", ["192.0.2.1"]),
        ("{.status.ingress[-1].ip}", ["192.0.2.2"]),
        ("{.status.ingress[7].ip}", []),
        ("{.status.ingress[*].ip}", ["192.0.2.1", "192.0.2.2"]),
        (r"{.metadata.labels.a\.b/c}", ["dotted"]),
        ("{.metadata.labels['a.b/c']}", ["dotted"]),
        ('{.metadata.labels["a.b/c"]}', ["dotted"]),
        ('{.status.conditions[?(@.type=="Ready")].status}', ["True"]),
        ("{.status.conditions[?(@.type!='Ready')].status}", ["False"]),
        ("{.status.conditions[?(@.n==2)].type}", ["Old"]),
        ("{.status.conditions[?(@.none=='x')].type}", []),
        ("{.spec.nothing}", [None]),
        ("{.no.such.field}", []),
        ("{.status.phase.deeper}", []),
    ],
)
def test_jsonpath(path: str, found: list[Any]) -> None:
    assert JsonPath(path).find(OBJECT) == found


@pytest.mark.parametrize(
    "path", ["", "{}", "{..phase}", "{.a[0:2]}", "{.a[0,1]}", "{range .a[*]}", "{.a[?(@.b>1)]}", "{.a"]
)
def test_jsonpath_that_is_not_understood_is_refused(path: str) -> None:
    with pytest.raises(PathError):
        JsonPath(path)


def test_what_is_read() -> None:
    read = aim("kube://prod/deploy/web?condition=Ready=False")
    assert (read.kind.name, read.namespace, read.name, read.condition) == (
        "Deployment",
        "prod",
        "web",
        ("Ready", "False"),
    )
    read = aim("kube://job/migrate?gone=complete")
    assert (read.kind.name, read.namespace, read.want, read.gone) == ("Job", "", "ready", True)
    read = aim("kube://certificates.v1.cert-manager.io/web?condition=Ready")
    assert (read.kind.group, read.kind.version, read.kind.resource) == ("cert-manager.io", "v1", "certificates")
    assert aim("kube://deployments.apps/web").kind.name == "Deployment"
    assert aim("kube://pod/x?jsonpath={.status.phase}=Running").value == "Running"
    assert aim("kube://pod/x?jsonpath=.status.podIP").value is None
    assert aim('kube://pod/x?jsonpath={.status.conditions[?(@.type=="Ready")].status}=True').value == "True"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("kube://migrate", "does not name an object"),
        ("kube://a/b/c/d", "does not name an object"),
        ("kube:job/migrate", "does not name an object"),
        ("kube://jop/migrate", "no kind of object 'jop'"),
        ("kube://secret/db", "what makes a Secret ready is not known here"),
        ("kube://prod/node/one?condition=Ready", "a Node stands in no namespace"),
        ("kube://job/x?condtion=Ready", "nothing is known about 'condtion'"),
        ("kube://job/x?condition=", "condition is empty"),
        ("kube://job/x?absent=yes", "absent has no value"),
        ("kube://job/x?absent&exists", "asks for two things"),
        ("kube://job/x?gone=maybe", "gone is `complete` or `wait`"),
        ("kube://pod/x?gone=complete", "for a Job"),
        ("kube://pod/x?jsonpath={.a}Running", "is not a path with a value"),
        ("kube://pod/x?jsonpath={.a}=", "is not a path with a value"),
        ("kube://pod/x?jsonpath={.a[1:2]}=x", "is not understood from '[1:2]' on"),
    ],
)
def test_what_is_told(url: str, told: str) -> None:
    with pytest.raises(UsageError) as wrong:
        aim(url)
    assert told in wrong.value.message
    assert wrong.value.hint


def test_did_you_mean() -> None:
    with pytest.raises(UsageError) as wrong:
        aim("kube://deploymnet/web")
    assert wrong.value.hint == "did you mean deployment?"
