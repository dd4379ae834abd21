"""What is read: files, folders, standard input; what is in a folder beside manifests does not disturb."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import UsageError
from lockmaster.manifests.check.files import given

if TYPE_CHECKING:
    from pathlib import Path

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"


def test_a_folder_with_all_below_it(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "sub/c.json", "sub/values.yaml", ".git/d.yaml", "node_modules/e.yaml", "f.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text('{"apiVersion": "v1", "kind": "Pod"}' if name.endswith("json") else POD)
    (tmp_path / "sub" / "values.yaml").write_text("image: {tag: 1}\n---\n- a list\n")
    found = given([str(tmp_path)])
    assert [stream.name for stream in found.streams] == [
        str(tmp_path / name) for name in ("a.yaml", "b.yml", "sub/c.json")
    ]
    assert found.notes == []


def test_a_name_given_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(POD)
    assert len(given([str(path), str(path)]).streams) == 1


def test_a_folder_without_manifests(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    with pytest.raises(UsageError, match="no manifests in this folder"):
        given([str(tmp_path)])


def test_a_chart_has_to_be_rendered(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("name: x\n")
    (chart / "templates" / "pod.yaml").write_text("kind: {{ .Values.kind }}\n")
    with pytest.raises(UsageError, match="a Helm chart") as raised:
        given([str(chart)])
    assert raised.value.hint == f"helm template {chart} | lockmaster kube check -"
    (tmp_path / "pod.yaml").write_text(POD)
    found = given([str(tmp_path)])
    assert [stream.name for stream in found.streams] == [str(tmp_path / "pod.yaml")]
    assert found.notes == [(f"{chart}: a Helm chart", raised.value.hint)]


def test_a_kustomization_is_looked_at_and_named(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [pod.yaml]\n")
    (tmp_path / "pod.yaml").write_text(POD)
    found = given([str(tmp_path)])
    assert len(found.streams) == 1
    assert found.notes[0][1] == f"kustomize build {tmp_path} | lockmaster kube check -"


def test_a_template_in_a_folder_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "b.yaml").write_text("a: {{ .x }}\n")
    found = given([str(tmp_path)])
    assert len(found.streams) == 1
    assert found.notes[0][0].startswith(f"{tmp_path}/b.yaml:1: ")


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n---\n"])
def test_a_file_with_nothing_in_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match="no manifests in it"):
        given([str(path)])
