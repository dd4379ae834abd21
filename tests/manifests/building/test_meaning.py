"""What the manifests mean: who has which Secret, who waits for whom, and for how long."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lockmaster.errors import Exit
from lockmaster.manifests.build import codes
from tests.manifests.building.made import PLAIN, WISHES, Json, containers, load, objects, one, pods, text

EXIT_CODES = Path(__file__).parents[3] / "docs/exit-codes.md"
JOBS = [pattern for pattern in PLAIN if pattern != "init"]


def secret(container: Json) -> str:
    (url,) = [item for item in container["env"] if item["name"] == "DATABASE_URL"]
    return str(url["valueFrom"]["secretKeyRef"]["name"])


@pytest.mark.parametrize("pattern", PLAIN)
def test_only_who_migrates_has_the_password_of_the_owner(pattern: str) -> None:
    found = {name: item for pod in pods(objects(pattern)) for name, item in containers(pod).items() if "env" in item}
    assert {name: secret(item) for name, item in found.items()} == {
        "migrate": "web-database-owner",
        "web": "web-database",
        **({} if pattern == "init" else {"gate": "web-database"}),
    }


@pytest.mark.parametrize("pattern", JOBS)
def test_an_exit_status_that_a_retry_cannot_help_ends_the_job(pattern: str) -> None:
    job = one(objects(pattern), "Job")["spec"]
    ignored, failed, counted = job["podFailurePolicy"]["rules"]
    assert ignored == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert failed["action"], counted["action"] == ("FailJob", "Count")
    values = [rule["onExitCodes"]["values"] for rule in (failed, counted)]
    assert sorted(values[0] + values[1]) == sorted(int(status) for status in Exit if status)
    assert values[1] == [10, 11, 143]
    assert {rule["onExitCodes"]["containerName"] for rule in (failed, counted)} == {"migrate"}
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # a failure policy asks for it


def test_the_page_of_exit_codes_names_the_same() -> None:
    (listed,) = re.findall(r"values: \[(.*)\]", EXIT_CODES.read_text())
    assert [int(value) for value in listed.split(",")] == codes.in_vain()


@pytest.mark.parametrize("deadline", ["60", "900", "14400"])
@pytest.mark.parametrize("pattern", PLAIN)
def test_every_limit_leaves_room_for_the_one_inside_it(pattern: str, deadline: str) -> None:
    found = objects(pattern, deadline=deadline)
    progress = one(found, "Deployment")["spec"]["progressDeadlineSeconds"]
    assert progress > 2 * int(deadline)
    if pattern != "init":
        active = one(found, "Job")["spec"]["activeDeadlineSeconds"]
        assert progress > active > 2 * int(deadline)
    if pattern == "flux":
        timeouts = [item["spec"]["timeout"] for item in found if item["kind"] == "Kustomization"]
        assert [int(limit.removesuffix("s")) for limit in timeouts] == [active + 120, progress]


@pytest.mark.parametrize("pattern", ["job-and-gate", "flux"])
def test_a_template_that_changes_has_another_name(pattern: str) -> None:
    def name(**flags: str) -> str:
        return str(one(objects(pattern, **flags), "Job")["metadata"]["name"])

    first = name()
    assert re.fullmatch(r"web-migrate-[0-9a-f]{10}", first)
    assert name() == first
    assert name(replicas="7", port="80") == first  # the application's alone: nothing to run again
    others = [
        name(image="registry.example/web:1.3"), name(dir="sql"), name(deadline="60"), name(migration_secret="other"),
        name(lockmaster_image="lockmaster:9"), name(proxy="registry.example/proxy:2"), name(**{"from": "same-image"}),
    ]  # fmt: skip
    assert len({first, *others}) == 8


@pytest.mark.parametrize("pattern", PLAIN)
def test_the_service_does_not_find_the_pods_that_migrate(pattern: str) -> None:
    found = objects(pattern)
    selector = one(found, "Service")["spec"]["selector"]
    labels = [pod["metadata"]["labels"] for pod in pods(found)]
    assert [selector.items() <= one.items() for one in labels] == [pod_of == "app" for pod_of in map(component, labels)]
    assert one(found, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == selector


def component(labels: Json) -> str:
    return str(labels["app.kubernetes.io/component"])


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("pattern", PLAIN)
def test_every_mount_has_its_volume_and_every_account_is_there(pattern: str, wish: str) -> None:
    found = objects(pattern, **WISHES[wish])
    accounts = {item["metadata"]["name"] for item in found if item["kind"] == "ServiceAccount"}
    for pod in pods(found):
        volumes = {item["name"] for item in pod["spec"].get("volumes", [])}
        mounted = {mount["name"] for item in containers(pod).values() for mount in item.get("volumeMounts", [])}
        assert mounted == volumes
        assert pod["spec"]["serviceAccountName"] in accounts
        assert pod["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("wish", "image", "program", "folder"),
    [
        ("plain", "registry.example/web", "/lockmaster/lockmaster", "--dir=prisma/migrations"),
        ("copy", "lockmaster", "lockmaster", "--dir=/migrations"),
        ("same-image", "registry.example/web", "lockmaster", "--dir=prisma/migrations"),
        ("image-volume", "lockmaster", "lockmaster", "--dir=/app-image/app/prisma/migrations"),
    ],
)
def test_where_the_migrations_come_from(wish: str, image: str, program: str, folder: str) -> None:
    for pod in pods(objects("job-and-gate", **WISHES[wish])):
        for name, item in containers(pod).items():
            if name in ("migrate", "gate"):
                assert (item["image"].rpartition(":")[0], item["command"], item["args"][0]) == (
                    image,
                    [program, name],
                    folder,
                )


def test_the_proxy_is_a_native_sidecar_in_front_of_all() -> None:
    for pod in pods(objects("job-and-gate", **WISHES["namespace-proxy"])):
        first = pod["spec"]["initContainers"][0]
        assert (first["name"], first["restartPolicy"]) == ("database-proxy", "Always")
        assert first["startupProbe"]["tcpSocket"] == {"port": 9090}
        assert pod["metadata"]["annotations"] == {"sidecar.istio.io/nativeSidecar": "true"}


@pytest.mark.parametrize(
    ("mesh", "annotation"),
    [("istio", "sidecar.istio.io/nativeSidecar"), ("linkerd", "config.beta.linkerd.io/proxy-enable-native-sidecar")],
)
def test_a_mesh_is_told_in_the_word_that_it_reads(mesh: str, annotation: str) -> None:
    assert [pod["metadata"]["annotations"] for pod in pods(objects("job-and-gate", mesh=mesh))] == [
        {annotation: "true"}
    ] * 2


@pytest.mark.parametrize("wish", [name for name in WISHES if "proxy" not in WISHES[name]])
def test_what_ends_before_the_application_starts_asks_for_no_more_than_it(wish: str) -> None:
    (pod,) = pods(objects("init", **WISHES[wish]))
    wanted = {name: item["resources"]["requests"] for name, item in containers(pod).items()}
    app = wanted.pop("web")
    for requests in wanted.values():
        assert all(amount(requests[what]) <= amount(app[what]) for what in app)


def amount(text: str) -> int:
    return int(text.removesuffix("Mi").removesuffix("m"))


def test_lockmaster_yaml_is_told_to_the_containers_that_take_it() -> None:
    settings = {"schema": "shop", "wait_for_turn": "1h", "url": "postgresql://u:p@h/d", "quiet": "true"}
    found = load("".join(made_with(settings).values()))
    args = {name: item["args"] for pod in pods(found) for name, item in containers(pod).items() if "args" in item}
    assert args["migrate"][1:-1] == ["--schema=shop", "--wait-for-turn=1h"]
    assert args["gate"][1:-1] == ["--schema=shop"]


def made_with(settings: dict[str, str]) -> dict[str, str]:
    from tests.manifests.building.made import files

    return files("job-and-gate", settings=settings)


@pytest.mark.parametrize("pattern", PLAIN)
def test_the_token_for_events_is_in_no_other_container(pattern: str) -> None:
    found = objects(pattern, events="true")
    where = [
        name
        for pod in pods(found)
        for name, item in containers(pod).items()
        if any("serviceaccount" in mount["mountPath"] for mount in item.get("volumeMounts", []))
    ]
    assert sorted(where) == (["migrate"] if pattern == "init" else ["gate", "migrate"])
    bound = {item["subjects"][0]["name"] for item in found if item["kind"] == "RoleBinding"}
    assert bound == {item["metadata"]["name"] for item in found if item["kind"] == "ServiceAccount"}
    assert not [item for item in objects(pattern) if item["kind"].startswith("Role")]


def test_argo_makes_the_account_before_the_job() -> None:
    found = objects("argo-presync")
    hooks = {
        item["kind"]: item["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]
        for item in found
        if "annotations" in item["metadata"]
    }
    assert hooks == {"ServiceAccount": "-1", "Job": "0"}


def test_flux_waits_for_the_job_and_never_makes_it_again() -> None:
    found = objects("flux", namespace="shop")
    migrate, app = [item["spec"] for item in found if item["kind"] == "Kustomization"]
    assert migrate["wait"] is True
    assert app["dependsOn"] == [{"name": "web-migrate"}]
    assert app["healthChecks"] == [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "shop"}]
    assert "ttlSecondsAfterFinished" not in one(found, "Job")["spec"]


@pytest.mark.parametrize("pattern", PLAIN)
def test_one_replica_has_no_budget_that_would_hold_up_a_drain(pattern: str) -> None:
    assert "PodDisruptionBudget" not in text(pattern, replicas="1")
