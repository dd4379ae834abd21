"""Which variables the project around us takes its URLs from, with their origins."""

from pathlib import Path

import pytest

from lockmaster.project import variables

SCHEMA = """datasource db {
  provider  = "postgresql"
  url       = env("S_URL")
  directUrl = env("S_DIRECT")
}
"""
CONFIG = "export default defineConfig({ %s datasource: { url: env('C_URL'), directUrl: env('C_DIRECT') } });"
OF_SCHEMA = {
    "url": ("S_URL", "prisma/schema.prisma url env(S_URL)"),
    "directUrl": ("S_DIRECT", "prisma/schema.prisma directUrl env(S_DIRECT)"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "prisma/migrations/20240101_a").mkdir(parents=True)
    (tmp_path / "prisma/migrations/20240101_a/migration.sql").write_text("SELECT 1;")
    (tmp_path / "prisma/schema.prisma").write_text(SCHEMA)
    return tmp_path


@pytest.mark.parametrize("folder", ["", "prisma/migrations", "prisma/migrations/", "./prisma/migrations"])
def test_the_schema(project: Path, folder: str) -> None:
    found = variables(folder, str(project))
    assert {key: name for key, (name, _) in found.items()} == {"url": "S_URL", "directUrl": "S_DIRECT"}
    assert folder not in ("", "prisma/migrations") or found == OF_SCHEMA


@pytest.mark.parametrize("folder", ["", "prisma/migrations"])
@pytest.mark.parametrize("name", ["prisma.config.ts", ".config/prisma.mjs"])
def test_the_config_counts_first(project: Path, folder: str, name: str) -> None:
    (project / ".config").mkdir()
    (project / name).write_text(CONFIG % ("" if name == "prisma.config.ts" else "schema: '../prisma/schema.prisma',"))
    assert variables(folder, str(project)) == {
        "url": ("C_URL", f"{name} url env(C_URL)"),
        "directUrl": ("C_DIRECT", f"{name} directUrl env(C_DIRECT)"),
    }


def test_a_config_that_computes_its_schema_still_names_the_url(project: Path) -> None:
    (project / "prisma.config.ts").write_text(CONFIG % "schema: where(),")
    for folder in ("", "prisma/migrations"):  # without a folder the run ends with what to do about it
        assert variables(folder, str(project))["url"] == ("C_URL", "prisma.config.ts url env(C_URL)")


def test_nothing(tmp_path: Path) -> None:
    assert variables("", str(tmp_path)) == variables("migrations", str(tmp_path)) == {}
