"""What people may ask for, and what they are told when it cannot be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lockmaster.errors import UsageError
from lockmaster.manifests.build.fill import fill, scalar
from tests.manifests.building.made import containers, files, load, objects, one, pods

WRONG = [
    ({"name": ""}, "--name is missing"),
    ({"name": "My_Web"}, "--name: 'My_Web' is no name for objects of Kubernetes"),
    ({"name": "1web"}, "no name for objects"),
    ({"name": "w" * 41}, "longer than 40 characters"),
    ({"image": ""}, "--image is missing"),
    ({"image": "web"}, "--image: web may be another build tomorrow"),
    ({"image": "registry:5000/web"}, "may be another build tomorrow"),
    ({"image": "web:latest"}, "may be another build tomorrow"),
    ({"image": "Web Image:1"}, "is no reference of an image"),
    ({"lockmaster_image": "lockmaster"}, "--lockmaster-image: lockmaster may be another build tomorrow"),
    ({"secret": "a b"}, "--secret: 'a b' is no Secret"),
    ({"migration_secret": "owner/ur l"}, "--migration-secret"),
    ({"replicas": "0"}, "--replicas: '0' is no number from 1 to 1000"),
    ({"port": "http"}, "--port: 'http' is no number from 1 to 65535"),
    ({"namespace": "kube system"}, "--namespace"),
    ({"kubernetes_version": "36"}, "is no version of Kubernetes"),
    ({"kubernetes_version": "1.28"}, "Kubernetes 1.28 is too old for these manifests"),
    ({"from": "image-volume", "kubernetes_version": "1.30"}, "Kubernetes 1.30 has no image volumes"),
    ({"from": "git"}, "--from: 'git' is not one of bundle, same-image, copy, image-volume"),
    ({"from": "copy"}, "--from copy: where the migrations are in the image is not known"),
    ({"from": "image-volume", "dir": "sql"}, "--from image-volume: where the migrations are in the image is not known"),
    ({"mesh": "consul"}, "--mesh: 'consul' is not one of istio, linkerd"),
    ({"proxy_port": "1"}, "need a --proxy"),
    ({"dir": "a\nb"}, "--dir: a path with such characters"),
    ({"dir": "{{ .Values }}"}, "--dir: a path with such characters"),
    ({"deadline": "0"}, "--deadline: without one"),
]


@pytest.mark.parametrize(("flags", "message"), WRONG)
def test_what_cannot_be(flags: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)) as error:
        files("init", **flags)
    assert error.value.hint
    assert "\n" not in error.value.message


def test_a_namespace_may_begin_with_a_digit() -> None:
    assert {item["metadata"]["namespace"] for item in objects("init", namespace="2team")} == {"2team"}


def test_the_example_of_a_number_is_one_that_is_taken() -> None:
    with pytest.raises(UsageError) as error:
        files("init", replicas="2000")
    taken = error.value.hint.removeprefix("for example --replicas ")
    assert objects("init", replicas=taken)


@pytest.mark.parametrize(
    "image", ["web:1", "localhost:5000/a/web:v1.2_x", f"web@sha256:{'a' * 64}", f"web:latest@sha256:{'a' * 64}"]
)
def test_an_image_that_names_one_build(image: str) -> None:
    (pod,) = pods(objects("init", image=image))
    assert containers(pod)["web"]["image"] == image


@pytest.mark.parametrize(
    "folder",
    ["/db: x", "/no", "/a#b", "/a b", "/é", "/\"'", "/[a]", "/{a}", "/$(HOME)", "/%d", "/* &x", "/- a", "/0x1"],
)
@pytest.mark.parametrize("source", ["bundle", "same-image", "copy", "image-volume"])
def test_a_folder_with_a_strange_name_is_put_into_quotes(folder: str, source: str) -> None:
    (pod,) = pods(objects("init", dir=folder, **{"from": source}))
    found = containers(pod)
    whole = folder.replace("$(HOME)", "$$(HOME)")  # what Kubernetes reads as `$(HOME)`, and not as a variable
    if source == "copy":
        assert found["lockmaster-copy"]["command"] == ["cp", "-R", f"{whole}/.", "/lockmaster-migrations"]
    else:
        assert found["migrate"]["args"][0] == f"--dir={'/app-image' if source == 'image-volume' else ''}{whole}"


def test_migrations_of_the_image_are_not_hidden_by_the_volume_that_they_are_copied_to() -> None:
    (pod,) = pods(objects("init", dir="/migrations", **{"from": "copy"}))
    copier = containers(pod)["lockmaster-copy"]
    (mount,) = copier["volumeMounts"]
    assert copier["command"] == ["cp", "-R", "/migrations/.", mount["mountPath"]]
    assert mount["mountPath"] != "/migrations"


def test_a_secret_whose_name_looks_like_a_number() -> None:
    (pod,) = pods(objects("init", secret="123/0", migration_secret="true/1e3"))
    found = containers(pod)
    for name, wanted in (("web", ("123", "0")), ("migrate", ("true", "1e3"))):
        key = found[name]["env"][0]["valueFrom"]["secretKeyRef"]
        assert (key["name"], key["key"]) == wanted


@pytest.mark.parametrize("name", ["true", "no", "null", "on", "y"])
def test_a_name_that_yaml_takes_for_something_else(name: str) -> None:
    found = objects("job-and-gate", name=name)
    assert one(found, "Deployment")["metadata"]["name"] == name
    assert one(found, "Service")["spec"]["selector"] == {"app.kubernetes.io/name": name}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"])).filter(lambda text: "{{" not in text))
def test_a_scalar_reads_back_as_it_was(text: str) -> None:
    for template in ("a: ${it}\n", "- ${it}\n", "{a: [${it}]}\n"):
        for yaml in (YAML(typ="safe", pure=True), old_yaml()):
            read = yaml.load(fill(template, it=scalar(text)))
            assert read in ({"a": text}, [text], {"a": [text]})


def old_yaml() -> YAML:
    """YAML 1.1, as the readers of Kubernetes have it: `no` is a switch, 0o7 and 1_0 are numbers."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = "1.1"
    return yaml


def test_a_namespace_stands_on_every_object_or_on_none() -> None:
    assert all(item["metadata"]["namespace"] == "shop" for item in objects("job-and-gate", namespace="shop"))
    assert not any("namespace" in item["metadata"] for item in objects("job-and-gate"))


def test_the_chart_is_all_that_helm_needs() -> None:
    made = files("helm-hook")
    (chart,) = load(made["web/Chart.yaml"])
    assert (chart["name"], chart["appVersion"]) == ("web", "1.2")
    (values,) = load(made["web/values.yaml"])
    used = set(re.findall(r"\.Values\.([\w.]+)", "".join(made.values())))
    known = {f"{a}.{b}" for a in ("database", "migration") for b in values[a]} | {
        key for key in values if key not in ("database", "migration")
    }
    assert used == known
