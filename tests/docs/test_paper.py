"""What README and docs say is true of the code: examples run, links lead somewhere, generated pages are current."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.cli.table import COMMANDS, options_of

if TYPE_CHECKING:
    from tests.support.database import Database

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "docs" / "kubernetes" / "rules"  # their manifests have other tools' command lines in them
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [RULES.parent / "check.md", *sorted(RULES.glob("*.md"))]
IDS = [page.name for page in PAGES]


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def _environment() -> dict[str, str]:
    bin_folder = str(Path(sys.executable).parent)
    return {"PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/")}


def _run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, **options)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_console_examples_run(page: Path, tmp_path: Path) -> None:
    """Every `$ ` line runs, in order, in an empty folder, and what is printed below a command is what it prints."""
    for block in _blocks(page, "console"):
        lines = block.splitlines()
        commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        script = "set -eu\n" + "\n".join(line for line in commands if line != "pip install lockmaster")
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for line in (line for line in lines if not line.startswith("$ ")):
            shape = re.escape(line).replace("20260101120000", r"\d{14}")
            assert re.search(shape, done.stdout), f"{line!r} is not in {done.stdout!r}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the project does, with the heading it names."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        path, _, heading = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if heading:
            headings = [re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
                        for line in file.read_text().splitlines() if line.startswith("#")]  # fmt: skip
            assert heading in headings, target


def test_generated_pages_are_current() -> None:
    """Settings, exit codes, the fields of lockmaster.yaml and the rules of `kube check` are what the code says."""
    for tool in ("settings.py", "steps.py", "rules.py"):
        done = _run([sys.executable, f"tools/docs/{tool}", "--check"], cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_of_the_readme_is_one() -> None:
    """A command named in the README has a help page, and the other way round."""
    named = set(re.findall(r"`lockmaster ([a-z]+)", (ROOT / "README.md").read_text()))
    help_text = subprocess.run(
        [sys.executable, "-m", "lockmaster", "--help"], capture_output=True, text=True, check=True, env=_environment()
    ).stdout
    for command in named:
        assert command in help_text
        subprocess.run(
            [sys.executable, "-m", "lockmaster", command, "--help"], capture_output=True, check=True, env=_environment()
        )


def test_every_guarantee_of_the_readme_has_its_test() -> None:
    """What "proved by" names is a test that CI runs."""
    rows = re.findall(r"^\| ([A-Z].*) \| (\[`test_.*) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(rows) >= 12
    for _, proofs in rows:
        named = re.findall(r"\[`(test_\w+)`\]\((tests/\S+\.py)\)", proofs)
        assert len(named) == proofs.count("[")
        for name, file in named:
            found = re.search(
                rf"((?:^@.*\n(?:^    .*\n|^\)\n)*)*)^def {name}\(", (ROOT / file).read_text(), re.MULTILINE
            )
            assert found, f"{file} has no {name}"
            assert "mark.slow" not in found[1], f"{name} is not part of CI"


def test_options_named_in_the_pages_exist() -> None:
    """No page promises an option that the program does not have."""
    known = {option.flag for command in COMMANDS.values() for option in options_of(command)}
    known |= {"--help", "--version", "--no-", "--timeout", "--sha256"}
    known |= set(re.findall(r'addoption\(\s*"(--[a-z-]+)"', (ROOT / "tests/conftest.py").read_text()))  # pytest's own
    for page in (page for page in PAGES if page.parent != RULES):
        # `--schema=./x` of another tool stands in a command line of its own, behind a lone --; Docker's in its own blocks
        ours = re.sub(r"^```dockerfile\n.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        for option in set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", re.sub(r"(?<!\S)--(,)? .*", "", ours))):
            assert option in known or option.replace("--no-", "--") in known, f"{page.name} names {option}"


def test_the_python_example_of_the_readme_runs(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a database and a folder that exist, it does what it says."""
    folder = tmp_path / "prisma" / "migrations" / "20260101000000_init"
    folder.mkdir(parents=True)
    (folder / "migration.sql").write_text("CREATE TABLE shop (id integer);")
    (example,) = [block for block in _blocks(ROOT / "README.md", "python") if "import migrate" in block]
    example = example.replace("postgresql://app@db/shop", database.url).replace("prisma/migrations", str(folder.parent))
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own example
    assert capsys.readouterr().out == "20260101000000_init ('20260101000000_init',)\n"


def test_the_init_container_of_the_readme_is_a_command_line() -> None:
    """The YAML is YAML, and its command is one that the program takes."""
    from ruamel.yaml import YAML

    (text,) = _blocks(ROOT / "README.md", "yaml")
    (container,) = YAML(typ="safe").load(text)["spec"]["initContainers"]
    assert len(text.splitlines()) <= 15
    program, command, *options = container["command"]
    assert program == "lockmaster"
    done = subprocess.run(
        [sys.executable, "-m", "lockmaster", command, *options], capture_output=True, text=True, check=False,
        env=_environment() | {"DATABASE_URL": "sqlite:nowhere.db"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "prisma/migrations" in done.stderr  # the command line was understood; the folder is not here


@pytest.mark.slow
def test_the_demo_ends_with_a_good_verdict() -> None:
    """`make demo` without a terminal: plain lines, a kill in the middle, each migration once, five of five ready."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 of 20 migrations applied, each exactly once" in done.stdout
    assert "5 of 5 ready" in done.stdout
    assert re.search(r"kill -9 web-\d, in the middle of", done.stdout)
