"""Which workloads are meant, and what is said about the others."""

from __future__ import annotations

import pytest

from lockmaster.errors import UsageError
from lockmaster.manifests.objects import objects, workloads
from lockmaster.manifests.stream import Stream
from tests.manifests.inject.files import WEB, injected, told
from tests.manifests.inject.kinds import manifest

NO_URL = WEB.replace("DATABASE_URL", "REDIS").replace("postgres:", "redis:").replace("name: web\n", "name: cache\n", 1)
UNSEEN = NO_URL.replace("name: cache", "name: may").replace(
    "        env:\n", "        envFrom: [{secretRef: {name: x}}]\n        env:\n"
)
MARKED = NO_URL.replace("  name: cache\n", '  name: marked\n  annotations: {lockmaster.dev/inject: "true"}\n')
NEVER = WEB.replace("  name: web\n", '  name: never\n  annotations: {lockmaster.dev/inject: "false"}\n', 1)
SERVICE = "kind: Service\nmetadata: {name: web}\n"


def together(*texts: str) -> str:
    return "---\n".join(texts)


def chosen(text: str, **wish: object) -> list[str]:
    """The names of those that were injected into."""
    found = workloads(objects([Stream("x", injected(text, **wish))]))
    return [
        one.object.name
        for one in found
        if any(container.name.startswith("lockmaster") for container in one.containers())
    ]


def test_those_that_know_a_database_are_taken_and_the_others_told() -> None:
    text = together(SERVICE, WEB, NO_URL, UNSEEN, NEVER, manifest("CronJob"))
    assert chosen(text) == ["web"]
    said = [note.text for note in told(text)[1]]
    assert (
        "Deployment cache (x:25) is left as it is: no variable with a database's URL (--url-env NAME, or --all)" in said
    )
    assert any("Deployment may" in one and "envFrom may hold the URL" in one for one in said)
    assert any("Deployment never" in one and "says false" in one for one in said)
    assert any("a CronJob is left alone unless it is named with --workload" in one for one in said)


def test_what_may_know_one_is_taken_where_nothing_surely_does() -> None:
    assert chosen(together(UNSEEN, NO_URL)) == ["may"]


def test_a_config_map_of_the_same_manifests_tells() -> None:
    config_map = "kind: ConfigMap\nmetadata: {name: x}\ndata: {DATABASE_URL: x}\n"
    secret = "kind: Secret\nmetadata: {name: x}\nstringData: {OTHER: x}\n"
    assert chosen(together(UNSEEN.replace("secretRef", "configMapRef"), config_map, NO_URL)) == ["may"]
    with pytest.raises(UsageError):
        injected(together(UNSEEN, secret))


def test_the_annotation_chooses() -> None:
    assert chosen(together(WEB, MARKED)) == ["marked"]


def test_a_name_chooses_whatever_it_is() -> None:
    text = together(WEB, NO_URL, NEVER, manifest("CronJob").replace("name: web}\nspec", "name: night}\nspec"))
    assert chosen(text, workloads=("cronjob/night", "never")) == ["never", "night"]
    assert chosen(text, all=True) == ["web", "cache", "night"]


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="--workload Job/web: there is none") as caught:
        injected(WEB, workloads=("Job/web",))
    assert caught.value.hint == "there are Deployment/web"


def test_wrap_takes_every_workload_that_has_the_container() -> None:
    text = together(manifest("Deployment"), WEB, manifest("Job").replace("name: web}\nspec", "name: job}\nspec"))
    assert chosen(text, wrap="migrate") == ["web", "job"]


def test_nothing_to_inject_into_tells_what_was_seen() -> None:
    with pytest.raises(UsageError, match="no workload in these manifests"):
        injected(SERVICE)
    with pytest.raises(UsageError, match="no workload is to be injected into") as caught:
        injected(together(NO_URL, NEVER))
    assert caught.value.hint == (
        "Deployment cache (x:1): no variable with a database's URL (--url-env NAME, or --all)\n"
        "Deployment never (x:22): its annotation lockmaster.dev/inject says false"
    )


def test_an_init_container_with_the_url_is_pointed_at() -> None:
    text = (
        manifest("Deployment")
        .replace("DATABASE_URL", "REDIS", 2)
        .replace("REDIS", "DATABASE_URL", 1)
        .replace("//app@", "//", 2)
    )
    text = text.replace('REDIS, value: "postgres:', 'REDIS, value: "redis:')
    with pytest.raises(UsageError) as caught:
        injected(text)
    assert "only its init container migrate knows a database: --replace migrate, --wrap migrate" in caught.value.hint


def test_the_container_with_the_url_is_copied_from() -> None:
    two = WEB + "      - {name: side, image: side:2}\n"
    assert "image: web:1.4.2\n        command: [/lockmaster/" in injected(
        two.replace("- name: web ", "- name: first\n        image: x\n      - name: web ")
    )
    assert "image: side:2\n        command: [/lockmaster/" in injected(two, container="side", all=True)
    with pytest.raises(UsageError, match="Deployment web has no container none") as caught:
        injected(two, container="none", all=True)
    assert caught.value.hint == "there are web, side"


def test_only_what_is_chosen_changes_and_an_earlier_injection_elsewhere_stays() -> None:
    once = injected(together(WEB, MARKED.replace('"true"', '"x"')), workloads=("marked",), deadline="1m")
    assert chosen(injected(once, workloads=("web",))) == ["web", "marked"]
    assert "1m" in injected(once, workloads=("web",))


def test_a_patch_or_a_rollout_without_its_deployment_is_named() -> None:
    with pytest.raises(UsageError, match=r"^x:6: Deployment web has no containers$") as caught:
        injected(together(SERVICE + "spec: {}\n\n", "kind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n"))
    assert "kustomize build" in caught.value.hint
    rollout = "kind: Rollout\nmetadata: {name: web}\nspec: {workloadRef: {kind: Deployment, name: web}}\n"
    with pytest.raises(UsageError, match=r"^x:1: Rollout web has its pods of a Deployment that is not here$") as caught:
        injected(rollout)
    assert "both files" in caught.value.hint
