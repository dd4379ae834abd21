"""`lockmaster up`: steps in order, checked before the first one runs; then the process becomes the application."""

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.support.cli import run_cli, start_cli

MIGRATE = "steps:\n  - migrate: m\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "1_users.sql").write_text("CREATE TABLE users (id integer);\n")
    return tmp_path


def up(folder: Path, text: str, *rest: str, **env: str) -> tuple[int, str]:
    (folder / "lockmaster.yaml").write_text(text)
    done = run_cli(["up", "--log-format", "text", *rest], env={"DATABASE_URL": f"sqlite:{folder}/db"} | env, cwd=folder)
    return done.returncode, done.stdout + done.stderr


def test_a_second_run_says_unchanged(folder: Path) -> None:
    status, text = up(folder, MIGRATE)
    assert (status, "[migrate] 1 applied (schema at 1_users)" in text) == (0, True), text
    status, text = up(folder, MIGRATE)
    assert (status, "[migrate] unchanged (schema at 1_users)" in text) == (0, True), text


def test_steps_run_in_order_and_the_first_failure_ends_it(folder: Path) -> None:
    steps = "steps:\n  - {name: one, exec: {command: 'sh -c \"echo one >> order\"', always: true}}\n"
    steps += "  - {name: two, exec: {command: 'sh -c \"echo two >> order; exit 5\"', always: true}}\n"
    steps += "  - {name: three, exec: {command: 'sh -c \"echo three >> order\"', always: true}}\n"
    log = folder / "termination"
    status, text = up(folder, steps, "--termination-log", str(log))
    assert status == 12
    assert (folder / "order").read_text().split() == ["one", "two"]
    assert "step two: " in text
    assert log.read_text().startswith("error: step two: ")
    assert "two (exec, lockmaster.yaml:3)" in log.read_text()


def test_a_mistake_in_the_last_step_is_found_before_the_first_one_runs(folder: Path) -> None:
    steps = "steps:\n  - exec: {command: touch ran, always: true}\n  - migrate: {dri: m}\n"
    status, text = up(folder, steps)
    assert (status, "lockmaster.yaml:3: dri is not a field of steps[1].migrate" in text) == (2, True), text
    assert "did you mean dir?" in text
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("steps:\n  - migrat: m\n", 2, "did you mean migrate?"),
        ("steps:\n  - name: x\n", 2, "says not what it is to do"),
        ("steps:\n  - migrate: m\n    gate: m\n", 2, "migrate and gate at once"),
        ("steps:\n  - migrate: m\n    retry: often\n", 3, "expected `int`, got `str`"),
        ("steps:\n  - migrate: m\n    timeout: 30\n", 3, "a unit is missing"),
        ("steps:\n  - migrate: m\n    retry: -1\n", 3, "retry is less than 0"),
        ("steps:\n  - migrate: m\n    if: 'a b'\n", 3, "is not a condition"),
        ("steps:\n  - migrate: ${NOWHERE}\n", 2, "NOWHERE is not set"),
        ("steps:\n  - migrate: '${NOWHERE:?say where}'\n", 2, "say where"),
        ("steps:\n  - migrate: '${NOWHERE'\n", 2, "not closed by a brace"),
        ("steps:\n  - migrate: m\n    name: x\n  - gate: m\n    name: x\n", 5, "x is already a step"),
        ("steps:\n  - parallel: m\n", 2, "parallel is a list of steps"),
        ("steps: []\n", 1, "there are no steps"),
        ("dir: m\n", 1, "there are no steps"),
        ("steps:\n  - migrate: {dir: m, dir: n}\n", 2, "dir is there twice"),
        ("steps:\n  - migrate: {format: flyway}\n", 2, "flyway"),
        ("steps:\n  - exec: {command: 'a && b', always: true}\n", 2, "there is no shell"),
        ("steps:\n  - &a [*a]\n", 2, ""),
    ],
)
def test_a_mistake_names_its_line(folder: Path, text: str, line: int, word: str) -> None:
    status, said = up(folder, text)
    assert status == 2, said
    assert f"lockmaster.yaml:{line}" in said, said
    assert word in said
    assert "Traceback" not in said
    assert not (folder / "db").exists()


def test_if_looks_at_the_environment(folder: Path) -> None:
    steps = "steps:\n  - {migrate: m, if: WANTED}\n  - {gate: '${NOWHERE}', if: [WANTED, NOWHERE]}\n"
    status, text = up(folder, steps, WANTED="0")
    assert (status, "skipped: not WANTED" in text) == (0, True), text
    assert not (folder / "db").exists()
    status, text = up(folder, steps, WANTED="yes")
    assert (status, "skipped: not NOWHERE" in text) == (0, True), text
    assert (folder / "db").exists()


def test_steps_run_side_by_side_and_a_failure_stops_the_others(folder: Path) -> None:
    one = "{name: %s, exec: {command: [sh, -c, '%s'], always: true, url: 'sqlite:%s.db'}}"
    meet = "touch %s; while [ ! -e %s ]; do sleep 0.02; done"  # each waits for the other: one by one would hang
    pair = [one % (a, meet % (a, b), a) for a, b in (("a", "b"), ("b", "a"))]
    status, text = up(folder, f"steps:\n  - parallel:\n    - {pair[0]}\n    - {pair[1]}\n", "--deadline", "20s")
    assert status == 0, text
    failing = [one % ("bad", "sleep 0.5; exit 7", "bad"), one % ("long", "sleep 60", "long")]
    status, text = up(folder, f"steps:\n  - parallel:\n    - {failing[0]}\n    - {failing[1]}\n")
    assert (status, "step bad: " in text) == (12, True), text


def test_a_failed_step_is_tried_again(folder: Path) -> None:
    line = "echo x >> tries; [ $(wc -l < tries) -ge 3 ]"
    steps = f"steps:\n  - exec: {{command: [sh, -c, '{line}'], always: true}}\n    retry: 2\n"
    status, text = up(folder, steps)
    assert status == 0, text
    assert "attempt 3 of 3" in text


def test_secrets_of_the_environment_are_masked(folder: Path) -> None:
    steps = "steps:\n  - migrate: {dir: '${APP_PASSWORD}'}\n"
    status, text = up(folder, steps, APP_PASSWORD="sesame-open-now")
    assert status == 2
    assert "sesame-open-now" not in text


def test_up_becomes_the_application(folder: Path) -> None:
    """Same process id, its own exit status, and a signal reaches it as if it were alone."""
    (folder / "lockmaster.yaml").write_text(MIGRATE)
    code = "import os, signal, sys, time\n"
    code += (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(42)); print('pid', os.getpid(), flush=True); time.sleep(60)"
    )
    with start_cli(
        ["up", "--", sys.executable, "-c", code], env={"DATABASE_URL": f"sqlite:{folder}/db"}, cwd=folder
    ) as run:
        run.wait_for("pid")
        assert f"pid {run.pid}" in run.stdout
        run.send(signal.SIGTERM)
        assert run.wait(10).returncode == 42


def test_the_application_has_the_systems_default_for_signals(folder: Path) -> None:
    (folder / "lockmaster.yaml").write_text(MIGRATE)
    code = "import signal; print(signal.getsignal(15).name, signal.getsignal(2), signal.pthread_sigmask(0, []))"
    done = run_cli(["up", "--", sys.executable, "-c", code], env={"DATABASE_URL": f"sqlite:{folder}/db"}, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "SIG_DFL" in done.stdout
    assert "set()" in done.stdout


def test_an_application_that_is_not_there(folder: Path) -> None:
    status, text = up(folder, MIGRATE, "--", "nosuch")
    assert (status, "cannot start nosuch: No such file or directory" in text) == (2, True), text


def test_sigterm_during_a_step(folder: Path) -> None:
    steps = "steps:\n  - exec: {command: sh -c 'echo up; sleep 60', always: true}\n"
    (folder / "lockmaster.yaml").write_text(steps)
    with start_cli(["up", "--", "touch", "ran"], env={"DATABASE_URL": f"sqlite:{folder}/db"}, cwd=folder) as run:
        run.wait_for("up")
        run.terminate()
        assert run.wait(10).returncode == 143
    assert not (folder / "ran").exists()


def test_json_lines_name_the_step(folder: Path) -> None:
    (folder / "lockmaster.yaml").write_text(MIGRATE)
    done = run_cli(["up"], env={"DATABASE_URL": f"sqlite:{folder}/db"}, cwd=folder)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"ready", "step-done"} <= {event["event"] for event in events}
    assert {event["step"] for event in events} == {"migrate"}


def test_init_writes_a_file_that_runs(folder: Path) -> None:
    (folder / "m").rename(folder / "migrations")
    done = run_cli(["init"], cwd=folder)
    assert (done.returncode, done.stdout) == (0, "lockmaster.yaml\n"), done.stderr
    text = (folder / "lockmaster.yaml").read_text()
    assert up(folder, text)[0] == 0
    again = run_cli(["init"], cwd=folder)
    assert again.returncode == 2
    assert "already there" in again.stderr


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"package.json": '{"scripts": {"migrate": "knex migrate:latest"}}', "migrations/1.js": ""}, "npm run migrate"),
        ({"package.json": '{"scripts": {"start": "node ."}}', "knexfile.js": ""}, "npx knex migrate:latest"),
        ({"alembic.ini": ""}, "alembic upgrade head"),
        ({"manage.py": ""}, "python manage.py migrate --noinput"),
        ({"package.json": "no json", "bin/rails": "", "db/migrate/1_a.rb": ""}, "bin/rails db:migrate"),
    ],
)
def test_init_knows_the_commands_of_other_tools(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(content)
    done = run_cli(["init", "--print"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"command: {expected}\n" in done.stdout
    from lockmaster.prepare import spec

    (tmp_path / "lockmaster.yaml").write_text(done.stdout)
    (task,) = spec.read(str(tmp_path / "lockmaster.yaml"), "lockmaster.yaml", {}, lambda _: None)
    assert isinstance(task, spec.Task)
    assert (task.kind, task.spec.command) == ("exec", expected)
    folders = [path.split("/")[0] for path in files if "/" in path and "bin" not in path]
    assert bool(task.spec.once_of) == bool(folders)


def test_init_where_nothing_is(tmp_path: Path) -> None:
    done = run_cli(["init"], cwd=tmp_path)
    assert done.returncode == 2
    assert not list(tmp_path.iterdir())


def test_the_schema_takes_what_the_program_takes(folder: Path) -> None:
    """Checked by a validator: good files pass, and each of these mistakes does not."""
    from jsonschema import Draft202012Validator
    from ruamel.yaml import YAML

    schema = json.loads(run_cli(["schema"], cwd=folder).stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for page in ("steps.md", "steps-exec.md"):
        text = (Path(__file__).parents[2] / "docs" / page).read_text()
        for block in text.split("```yaml\n")[1:]:
            document = YAML(typ="safe").load(block.partition("```")[0])
            if "steps" in document:
                validator.validate(document)
    for wrong in (
        {"steps": [{"migrat": "m"}]},
        {"steps": [{"migrate": "m", "gate": "m"}]},
        {"steps": [{"migrate": "m", "timeout": "30"}]},
        {"steps": [{"exec": {"once": "x"}}]},
        {"nosuch": 1},
    ):
        assert list(validator.iter_errors(wrong)), wrong
