"""Where the migrations come from: ConfigMaps, image volumes, and what is chosen by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.errors import UsageError
from lockmaster.formats.prisma import PrismaSource
from lockmaster.manifests.inject.configmap import config_map
from lockmaster.manifests.inject.files import folder
from lockmaster.manifests.stream import Stream, plain
from tests.manifests.inject.files import WEB, container, injected, only, told
from tests.manifests.inject.kinds import manifest

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "20240101_a/migration.sql": "create table ü (x int);\n".encode(),
    "migration_lock.toml": b'provider = "postgresql"\n',
}


def documents(text: str) -> list[Any]:
    return [plain(document.root) for document in Stream("x", text).documents]


def test_a_config_map_is_named_by_its_content_and_changes_with_it() -> None:
    one, _ = config_map("web", "db", FILES)
    same, _ = config_map("web", "db", dict(reversed(FILES.items())))
    other, _ = config_map("web", "db", {**FILES, "migration_lock.toml": b"x"})
    assert one["metadata"]["name"] == same["metadata"]["name"] != other["metadata"]["name"]


def test_a_new_content_takes_the_place_of_the_old_one_and_removal_takes_both_out() -> None:
    wish = {"source": "configmap", "dir": "db"}
    text = WEB + "---\nkind: Service\nmetadata: {name: web}\n"
    first = injected(text, FILES, **wish)
    second = injected(first, {**FILES, "a.sql": b"select 1;\n"}, **wish)
    assert [root["kind"] for root in documents(second)] == ["Deployment", "ConfigMap", "Service"]
    assert documents(first)[1]["metadata"]["name"] not in second
    assert injected(second, {}, **{**wish, "source": "same-image"}).count("ConfigMap") == 0
    assert injected(second, remove=True) == text


def test_two_workloads_with_the_same_name_and_content_share_one() -> None:
    wish = {"source": "configmap", "dir": "db"}
    twin = WEB.replace("kind: Deployment", "kind: StatefulSet")
    made = injected(f"{WEB}---\n{twin}", FILES, **wish)
    assert [root["kind"] for root in documents(made)] == ["Deployment", "ConfigMap", "StatefulSet"]
    left = injected(made, remove=True, workloads=("Deployment/web",))
    assert [root["kind"] for root in documents(left)] == ["Deployment", "ConfigMap", "StatefulSet"]


def test_in_a_list_it_is_one_more_item() -> None:
    item = "".join(f"  {line}" for line in WEB.splitlines(keepends=True))
    text = f"kind: List\napiVersion: v1\nitems:\n- {item[2:]}"
    made = injected(text, FILES, source="configmap", dir="db")
    (root,) = documents(made)
    assert [one["kind"] for one in root["items"]] == ["Deployment", "ConfigMap"]
    assert injected(made, remove=True) == text


def test_what_is_too_large_is_told_with_its_size() -> None:
    with pytest.raises(UsageError, match=r"db: 1,048,58\d bytes are too many") as caught:
        config_map("web", "db", {"a.sql": b"x" * (1 << 20)})
    assert "--from image-volume" in caught.value.hint
    with pytest.raises(UsageError, match="has no files"):
        config_map("web", "db", {})


def test_what_is_no_text_is_kept_as_bytes_and_names_become_keys() -> None:
    made, items = config_map("web", "db", {"a b.sql": b"\xff", "a/b.sql": b"x", "a__b.sql": b"y"})
    assert made["binaryData"] == {"a_b.sql": "/w=="}
    assert [(item["path"], item["key"]) for item in items] == [
        ("a b.sql", "a_b.sql"), ("a/b.sql", "a__b.sql"), ("a__b.sql", "a__b.sql_2"),
    ]  # fmt: skip


def test_the_mounted_config_map_is_the_folder_again(tmp_path: Path) -> None:
    """As the kubelet lays it out: files below ..data, links to them above."""
    for name, content in FILES.items():
        (tmp_path / "db" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "db" / name).write_bytes(content)
    (tmp_path / "db/.DS_Store").write_text("x")
    made, items = config_map("web", "db", folder(str(tmp_path / "db")))
    mount = tmp_path / "mount"
    for item in items:
        place = mount / "..2024" / item["path"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(made["data"][item["key"]])
        top = item["path"].partition("/")[0]
        if not (mount / top).is_symlink():
            (mount / top).symlink_to(f"..data/{top}")
    (mount / "..data").symlink_to("..2024")
    there, here = PrismaSource(str(mount)), PrismaSource(str(tmp_path / "db"))
    assert [one.id for one in there.migrations()] == [one.id for one in here.migrations()] == ["20240101_a"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        folder(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("version", "text", "volume"),
    [
        ("1.34", WEB, "emptyDir"),
        ("", WEB, "emptyDir"),
        ("v1.35.1+k3s1", WEB, "image"),
        ("2.0", WEB, "image"),
        ("1.36", WEB, "image"),
    ],
)
def test_image_volumes_are_used_where_they_are_known_to_be(version: str, text: str, volume: str) -> None:
    made = injected(text, kubernetes_version=version, dir="/app/migrations")
    assert volume in only(made).spec["volumes"][0]


def test_without_the_whole_path_an_image_volume_cannot_be_and_that_is_not_chosen() -> None:
    made, notes = told(manifest("Deployment"), replace="migrate", kubernetes_version="1.36")
    assert container(made, "migrate")["command"][:4] == [
        "/lockmaster/lockmaster",
        "migrate",
        "--dir",
        "prisma/migrations",
    ]
    assert any("--from bundle" in note.text for note in notes)
    placed = manifest("Deployment").replace("      command: [npx", "      workingDir: /app\n        command: [npx")
    made = injected(placed, replace="migrate", kubernetes_version="1.36")
    assert container(made, "migrate")["command"][3] == "/app-image/app/prisma/migrations"
    assert "workingDir" not in container(made, "migrate")


def test_lockmaster_comes_beside_the_applications_own_image_not_over_the_one_of_lockmaster() -> None:
    """The copier's own program lies at /lockmaster: a volume there would hide it."""
    copier = container(injected(WEB), "lockmaster-copy")
    assert copier["command"] == ["lockmaster", "bundle", "copy", "/shared"]
    assert copier["volumeMounts"] == [{"name": "lockmaster-bundle", "mountPath": "/shared"}]


def test_the_application_keeps_its_user_and_pull_policy_in_its_image() -> None:
    context = "{runAsUser: 1000, privileged: true, capabilities: {add: [NET_ADMIN]}}"
    own = f"        imagePullPolicy: Never\n        securityContext: {context}\n"
    made = container(injected(WEB.replace("        env:\n", f"{own}        env:\n")))
    assert made["imagePullPolicy"] == "Never"
    assert made["securityContext"] == {
        "runAsUser": 1000, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
