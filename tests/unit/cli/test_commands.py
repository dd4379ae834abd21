"""Each command: what it calls, what it prints, how it ends. The engine is not asked: `compose` is a stand-in here."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import lockmaster
from lockmaster import errors
from lockmaster.cli import __main__ as first
from lockmaster.cli import app
from lockmaster.engine.results import DryRun, DryRunRow, MigrateResult, StatusReport, StatusRow
from lockmaster.events import Applied, Ready

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "postgresql://u:s3cretpw@h/d"
BEHIND = StatusReport(
    rows=(StatusRow("a", "pending"),),
    holder="",
    current=False,
    format="native",
    database="postgresql://u:***@h/d",
    history="x",
)
ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


class Compose:
    """Remembers how it was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.raises: Exception | None = None

    def answer(self, name: str, result: object) -> Callable[..., object]:
        def call(options: object, *arguments: object, events: Callable[[object], None], stop: object) -> object:
            assert callable(events)
            assert not stop.reason  # type: ignore[attr-defined]
            self.calls.append((name, (options, *arguments)))
            if self.raises:
                raise self.raises
            if name == "migrate":
                events(Applied("a", 0.1, 1, 1))
                events(Ready("a", 1, 1, 0.2))
            return result

        return call

    @property
    def options(self) -> lockmaster.Options:
        return self.calls[-1][1][0]  # type: ignore[return-value]


@pytest.fixture
def compose(monkeypatch: pytest.MonkeyPatch) -> Compose:
    stand_in = Compose()
    done = MigrateResult("a", ("a",), 1, (), 0.2)
    answers = {
        "migrate": done,
        "gate": done,
        "status": BEHIND,
        "dry_run": DryRun((DryRunRow("a", "CREATE TABLE t (id int);\n"),), ("the folder was found by itself",)),
        "baseline": ("a", "b"),
        "resolve": "a is recorded as applied",
        "new": "migrations/0002_x.sql",
    }
    module = SimpleNamespace(**{name: stand_in.answer(name, result) for name, result in answers.items()})
    monkeypatch.setattr(lockmaster, "compose", module, raising=False)
    monkeypatch.setitem(sys.modules, "lockmaster.compose", module)
    monkeypatch.setattr(first, "load_driver", lambda _url: None)
    monkeypatch.setattr(app, "_watch_signals", lambda _stop: None)
    for name in list(os.environ):
        if name.startswith(("LOCKMASTER_", "KUBERNETES_", "DATABASE_", "NO_COLOR")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", URL)
    return stand_in


def last_line(text: str) -> dict[str, object]:
    line: dict[str, object] = json.loads(text.splitlines()[-1])
    return line


def test_migrate(compose: Compose, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["migrate", "--dir", "sql", "--wait-for-turn=5s"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["applied", "ready"]
    assert (compose.options.dir, compose.options.wait_for_turn, compose.options.url.reveal()) == ("sql", 5.0, URL)


def test_a_dry_run_prints_sql_and_calls_nothing_else(compose: Compose, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["migrate", "--dry-run"]) == 0
    assert capsys.readouterr().out == "-- a\nCREATE TABLE t (id int);\n\n-- the folder was found by itself\n"
    assert [name for name, _ in compose.calls] == ["dry_run"]


def test_gate(compose: Compose) -> None:
    assert app.run(["gate"]) == 0
    assert compose.options.deadline == 600.0


@pytest.mark.parametrize(
    ("flags", "status"), [([], 0), (["--check"], 3), (["--json", "--check"], 3), (["--no-check"], 0)]
)
@pytest.mark.usefixtures("compose")
def test_status(capsys: pytest.CaptureFixture[str], flags: list[str], status: int) -> None:
    assert app.run(["status", *flags]) == status
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["current"] is False if "--json" in flags else out.startswith("MIGRATION  STATE\na")


def test_new(compose: Compose, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    assert app.run(["new", "add users"]) == 0
    assert capsys.readouterr().out == "migrations/0002_x.sql\n"
    assert compose.calls[0][1][1:] == ("add users",)


def test_resolve(compose: Compose, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["resolve", "--applied", "a"]) == 0
    assert compose.calls[0][1][1:] == ("a", "")
    assert capsys.readouterr().out == "a is recorded as applied\n"
    assert app.run(["resolve", "--rolled-back", "a"]) == 0
    assert compose.calls[1][1][1:] == ("", "a")


@pytest.mark.parametrize("flags", [[], ["--applied", "a", "--rolled-back", "b"]])
def test_resolve_takes_one_word(compose: Compose, capsys: pytest.CaptureFixture[str], flags: list[str]) -> None:
    assert app.run(["resolve", *flags]) == 2
    assert compose.calls == []
    assert "takes one of" in str(last_line(capsys.readouterr().err)["message"])


def test_baseline(compose: Compose, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKMASTER_TO", "not the user's word")
    assert app.run(["baseline"]) == 2
    assert compose.calls == []
    assert app.run(["baseline", "--to", "b"]) == 0
    assert compose.calls[0][1][1:] == ("b",)
    assert compose.options.to == ""
    assert capsys.readouterr().out == "a\nb\n"


def test_settings(compose: Compose, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["settings", "--deadline", "5m"]) == 0
    out = capsys.readouterr().out
    assert "deadline           5m" in out
    assert "flag --deadline" in out
    assert "s3cretpw" not in out
    assert app.run(["settings", "--json"]) == 0
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["url"] == {"key": "url", "value": "postgresql://u:***@h/d", "origin": "env DATABASE_URL"}
    assert compose.calls == []


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["version"]) == app.run(["--version"]) == 0
    assert capsys.readouterr().out == f"lockmaster {lockmaster.__version__}\n" * 2


def test_help_and_completion(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["help"]) == 0
    assert app.run(["completion", "fish"]) == 2
    out, err = capsys.readouterr()
    assert "migrate" in out
    assert err == "error: no completion for 'fish'\n\nhint: lockmaster completion bash, or zsh\n"


# --- how it ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_has_its_exit_status(
    compose: Compose, capsys: pytest.CaptureFixture[str], kind: type[errors.LockmasterError]
) -> None:
    compose.raises = kind("it failed", hint="do this", details={"migration": "a"})
    assert app.run(["migrate"]) == kind.exit
    line = last_line(capsys.readouterr().err)
    assert (line["event"], line["code"], line["hint"]) == ("failed", kind.code, "do this")


def test_a_bug_is_reported_with_its_place_and_without_secrets(
    compose: Compose, capsys: pytest.CaptureFixture[str]
) -> None:
    compose.raises = KeyError(f"no {URL}")
    assert app.run(["migrate", "--log-format=text"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: KeyError:")
    assert "test_commands.py" in err
    assert "this is a bug" in err
    assert "s3cretpw" not in err


def test_a_missing_url_is_told_before_anything_is_loaded(
    compose: Compose, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    assert app.run(["migrate"]) == 2
    assert last_line(capsys.readouterr().err)["message"] == "no database: its URL is missing"
    assert compose.calls == []


def test_wrong_settings_are_told_as_the_log_and_left_for_kubernetes(
    compose: Compose, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("LOCKMASTER_AHEAD", "x")
    monkeypatch.setenv("LOCKMASTER_TERMINATION_LOG", f"{tmp_path}/log")
    assert app.run(["migrate"]) == 2
    assert last_line(capsys.readouterr().err)["code"] == "usage"
    with Path(f"{tmp_path}/log").open() as file:
        assert file.read().startswith("error: env LOCKMASTER_AHEAD: 'x' is not one of")
    assert compose.calls == []


def test_what_a_person_mistyped_is_told_in_text_unless_json_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["migrat"]) == 2
    assert app.run(["migrate", "--log-format=json", "--zz"]) == 2
    first_, *_, last = capsys.readouterr().err.splitlines()
    assert first_ == "error: there is no command 'migrat'"
    assert json.loads(last)["message"] == "migrate has no option --zz"


@pytest.mark.usefixtures("compose")
def test_a_mistyped_variable_is_a_warning(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKMASTER_DIRR", "x")
    assert app.run(["gate"]) == 0
    line = last_line(capsys.readouterr().err)
    assert (line["level"], line["hint"]) == ("warning", "did you mean LOCKMASTER_DIR?")
