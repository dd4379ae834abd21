"""The archive of `make image` is what it says; its root runs as the image's configuration says; the Dockerfile agrees."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name

from tests.support.needs import need_program, need_root
from tools.bundle import build, content, packages
from tools.bundle.digest import digest
from tools.image import __main__ as maker
from tools.image import archive

if TYPE_CHECKING:
    from tests.support.database import Database

pytestmark = pytest.mark.xdist_group("bundle")

PROJECT = Path(__file__).resolve().parents[2]
NAME = "docker.io/library/lockmaster:test"


class Opened:
    """An archive, read as containerd reads it: from index.json on, every digest compared."""

    def __init__(self, path: Path) -> None:
        with tarfile.open(path) as tar:
            self.files = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]
        (self.entry,) = json.loads(self.files["index.json"])["manifests"]
        self.manifest = json.loads(self.blob(self.entry))
        self.config = json.loads(self.blob(self.manifest["config"]))
        self.layers = [gzip.decompress(self.blob(one)) for one in self.manifest["layers"]]

    def blob(self, described: dict[str, Any]) -> bytes:
        kind, _, name = described["digest"].partition(":")
        data = self.files[f"blobs/{kind}/{name}"]
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (name, described["size"])
        return data


@pytest.fixture(scope="session")
def written(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "image.tar"
    archive.write(path, maker.layers(image), maker.config(), "amd64", NAME)
    return path


@pytest.fixture(scope="session")
def opened(written: Path) -> Opened:
    return Opened(written)


def test_it_can_be_read_as_oci_and_as_dockers(opened: Opened) -> None:
    assert json.loads(opened.files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    assert opened.entry["annotations"]["io.containerd.image.name"] == NAME
    diffs = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in opened.layers]
    assert opened.config["rootfs"]["diff_ids"] == diffs
    (docker,) = json.loads(opened.files["manifest.json"])
    assert docker["RepoTags"] == ["lockmaster:test"]
    assert json.loads(opened.files[docker["Config"]]) == opened.config
    assert [gzip.decompress(opened.files[name]) for name in docker["Layers"]] == opened.layers


def test_image_and_bundle_are_below_their_limits(opened: Opened) -> None:
    """The first layer is the bundle, with four small files."""
    sizes = [layer["size"] for layer in opened.manifest["layers"]]
    assert sum(sizes) < content.IMAGE_LIMIT <= 60_000_000
    assert sizes[0] < content.BUNDLE_LIMIT <= 15_000_000


def test_layers_say_nothing_of_who_made_them_and_when(opened: Opened) -> None:
    for layer in opened.layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            entries = tar.getmembers()
        assert {(entry.uid, entry.gid, entry.mtime, entry.uname) for entry in entries} == {(0, 0, 0, "")}
        assert not [entry.name for entry in entries if entry.mode & 0o022 and entry.name != "tmp" and not entry.issym()]
        names = [entry.name for entry in entries]
        assert names == sorted(names, key=lambda name: name.split("/"))


def test_its_root_runs_as_its_configuration_says(opened: Opened, tmp_path: Path, database: Database) -> None:
    """Unpacked layer upon layer, started without /proc by its numeric user, it migrates a real database."""
    need_root("another root, another user")
    root = tmp_path / "root"
    for layer in opened.layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            tar.extractall(root, filter="fully_trusted")  # noqa: S202 - written by this test
    root.chmod(0o755)
    (root / "sql").mkdir()
    (root / "sql/1_init.sql").write_text("CREATE TABLE t (id integer);\n")
    config = opened.config["config"]
    assert int(config["User"].partition(":")[0]) >= 10000
    command = [
        need_program("chroot", "coreutils"),
        f"--userspec={config['User']}",
        str(root),
        *config["Entrypoint"],
    ]
    done = subprocess.run([*command, "migrate", "--dir", "/sql"], env={"DATABASE_URL": database.url},
                          capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert database.value("SELECT count(*) FROM t") == 0


def test_the_same_sources_give_the_same_bundle(bundle: Path, tmp_path: Path) -> None:
    """In another folder, under another umask: the same bytes."""
    again = build.bundle(tmp_path / "elsewhere" / "lockmaster").root
    assert digest(again) == digest(bundle)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile, an instruction a line."""
    text = re.sub(r"\\\n\s*", "", (PROJECT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def test_the_dockerfile_makes_the_same_root_by_the_same_script() -> None:
    runs = [rest for word, rest in instructions() if word == "RUN"]
    assert runs[-1] == "python -m tools.image --only-root --root /image"
    assert "--require-hashes -r requirements/image.lock" in " ".join(runs)
    makefile = (PROJECT / "Makefile").read_text()
    assert "$(RUN) tools.image $(ARGS)" in makefile


def test_the_dockerfile_copies_what_is_there() -> None:
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (PROJECT / source).exists(), source
                assert f"!{source}" in ignored, source


def test_the_dockerfile_starts_it_in_the_same_way() -> None:
    last = max(index for index, (word, _) in enumerate(instructions()) if word == "FROM")
    stage = instructions()[last:]
    assert stage[:2] == [("FROM", "scratch"), ("COPY", "--from=build /image/ /")]
    said, config = dict(stage), maker.config()
    assert said["USER"] == config["User"]
    assert [said["ENV"]] == config["Env"]
    assert json.loads(said["ENTRYPOINT"]) == config["Entrypoint"]
    assert said["WORKDIR"] == config["WorkingDir"]
    labels = dict(re.findall(r'(\S+)="([^"]*)"', said["LABEL"]))
    assert labels.items() <= config["Labels"].items()  # type: ignore[attr-defined]


def test_the_dockerfile_has_what_the_tests_had() -> None:
    """The same version of every package as in the environment that the tests ran in."""

    def pins(name: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (PROJECT / "requirements" / f"{name}.lock").read_text(), re.MULTILINE))

    assert pins("image") <= pins("dev")
    wanted = {canonicalize_name(one.name) for one in packages.needed((*content.BUNDLE_EXTRAS, *content.IMAGE_EXTRAS))}
    assert wanted <= {pin.partition("==")[0] for pin in pins("image")}
