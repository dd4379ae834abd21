"""Renderings of events: for people, for machines, for Kubernetes. None of them shows a secret."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockmaster import events as e
from lockmaster.cli import render_kube, render_status, render_termination
from lockmaster.cli.escape import lines, one_line
from lockmaster.cli.output import Output
from lockmaster.cli.render_json import JsonRenderer, name, timestamp
from lockmaster.cli.render_table import aligned
from lockmaster.cli.render_text import TextRenderer
from lockmaster.cli.words import Pacer, describe, elapsed, first_line, level_of
from lockmaster.engine.results import StatusReport, StatusRow
from lockmaster.errors import LockmasterError, MigrationFailedError, MigrationHalfDoneError, StoppedError
from lockmaster.kube.notes import LENGTH, Note
from lockmaster.settings import Options

if TYPE_CHECKING:
    from pathlib import Path

ERROR = MigrationFailedError(
    'migration 20240105_add_users failed: relation "users" already exists',
    hint="correct the file and run again",
    details={
        "migration": "20240105_add_users",
        "file": "migrations/20240105_add_users/migration.sql",
        "line": "7: CREATE TABLE users (",
        "statement": "CREATE TABLE users (\n  id int\n)",
        "sqlstate": "42P07",
        "detail": "",
        "in the database now": "nothing of it",
    },
)
EVERY: list[tuple[e.Event, str]] = [
    (e.Waiting("database", "refused", 3.0, 120.0), "waiting for the database: refused (3s of 2m)"),
    (e.Waiting("turn", "", 0.25, None), "waiting for the turn (250ms)"),
    (e.Connected("postgresql://h/d", "PostgreSQL 15.18", ""), "connected to postgresql://h/d: PostgreSQL 15.18"),
    (e.Planned("prisma", 3, ("a", "b"), ("z",), binding=True), "prisma: 3 applied, 2 pending, 1 ahead"),
    (e.TurnTaken(1.5), "took the turn after 1.5s"),
    (e.TurnLost("the session ended"), "lost the turn: the session ended"),
    (e.Applying("a", 1, 3), "applying a (1/3)"),
    (e.Applied("20240105_add_users", 0.12, 3, 20), "applied 20240105_add_users in 120ms (3/20)"),
    (e.Progress("a", "CREATE  INDEX\nx", "building 40 %"), "a: building 40 %: CREATE INDEX x"),
    (e.Retrying("a", "a table lock", 2, 0.4), "a gave way: a table lock (attempt 2, again in 400ms)"),
    (e.Recovered("a", "it had committed"), "recovered a: it had committed"),
    (e.Warned("the database is ahead", "deploy"), "the database is ahead"),
    (e.Ready("a", 0, 20, 0.043), "ready at a: nothing to apply, 20 in all, 43ms"),
    (e.Failed(ERROR), ERROR.message),
]


def text_of(*events: object, color: bool = False, secrets: tuple[str, ...] = ()) -> str:
    stream = io.StringIO()
    render = TextRenderer(stream, color=color, secrets=secrets)
    for event in events:
        render(event)  # type: ignore[arg-type]
    return stream.getvalue()


def json_of(event: object, *secrets: str) -> dict[str, object]:
    stream = io.StringIO()
    JsonRenderer(stream, secrets=secrets)(event)  # type: ignore[arg-type]
    line: dict[str, object] = json.loads(stream.getvalue())
    return line


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "words"), EVERY)
def test_every_event_in_words(event: e.Event, words: str) -> None:
    assert describe(event) == words


def test_no_event_is_forgotten() -> None:
    kinds = {kind for kind in vars(e).values() if isinstance(kind, type) and hasattr(kind, "_fields")}
    assert {type(event) for event, _ in EVERY} == kinds


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0004, "0ms"), (0.1234, "123ms"), (12.345, "12.3s"), (75.4, "1m15s"), (0, "0ms")]
)
def test_measured_times_are_rounded(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text


def test_a_long_statement_is_cut() -> None:
    assert len(first_line("x" * 100)) == 60


def test_waiting_is_said_once_per_cause_and_then_every_ten_seconds() -> None:
    pacer = Pacer()
    waits = [e.Waiting("turn", "held by a" if t < 25 else "held by b", t, None) for t in range(30)]
    told = [wait.waited for wait in waits if pacer.lets_through(wait)]
    assert told == [0, 10, 20, 25]
    assert pacer.lets_through(e.Waiting("turn", "held by b", 0.5, None))  # a new wait
    assert pacer.lets_through(e.Waiting("lock", "held by b", 0.6, None))  # another one


def test_a_pooler_is_told_once_and_a_direct_connection_to_the_curious_only() -> None:
    pooled = e.Connected("postgresql://h/d", "PostgreSQL 15.18", "transaction")
    assert describe(pooled) == "connected to postgresql://h/d: PostgreSQL 15.18 through a pooler (transaction)"
    assert level_of(pooled) == "info"
    assert level_of(pooled._replace(pooler="")) == "debug"
    pacer = Pacer()
    assert [pacer.lets_through(event) for event in (pooled, pooled, pooled._replace(database="other"))] == [
        True,
        False,
        True,
    ]
    assert pacer.lets_through(pooled._replace(pooler="")), "a direct connection is not paced"


# --- text ------------------------------------------------------------------------------------------------------------


def test_the_block_of_an_error() -> None:
    assert text_of(e.Failed(ERROR)) == (
        'error: migration 20240105_add_users failed: relation "users" already exists\n'
        "  migration            20240105_add_users\n"
        "  file                 migrations/20240105_add_users/migration.sql\n"
        "  line                 7: CREATE TABLE users (\n"
        "  statement            CREATE TABLE users (\n"
        "                         id int\n"
        "                       )\n"
        "  sqlstate             42P07\n"
        "  in the database now  nothing of it\n"
        "\n"
        "hint: correct the file and run again\n"
    )


def test_lines_of_text() -> None:
    assert text_of(e.Warned("old image", "deploy"), e.Applied("a", 0.1, 1, 2)) == (
        "warning: old image\n  hint: deploy\nlockmaster: applied a in 100ms (1/2)\n"
    )


def test_colour_is_only_paint() -> None:
    import re

    events = [event for event, _ in EVERY]
    colored = text_of(*events, color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == text_of(*events)


def test_a_server_cannot_steer_the_terminal_nor_forge_a_line() -> None:
    evil = "x\x1b[2Jy\nlockmaster: ready\r\x07\x9b\u202e"
    shown = text_of(e.Warned(evil), e.Failed(LockmasterError(evil, hint=evil, details={"detail": evil})))
    assert not set(shown) & {"\x1b", "\r", "\x07", "\x9b", "\u202e"}
    assert [line for line in shown.splitlines() if line.startswith("lockmaster:")] == []
    assert shown.splitlines()[0] == "warning: x\\x1b[2Jy lockmaster: ready \\x07\\x9b\\u202e"


@given(st.text())
def test_escaped_text_is_harmless(text: str) -> None:
    assert all(char.isprintable() or ord(char) >= 0xA0 for char in one_line(text))
    assert "\n" not in one_line(text)
    assert all(char == "\n" or char.isprintable() or ord(char) >= 0xA0 for char in lines(text))


# --- JSON ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "words"), EVERY)
def test_every_event_as_json(event: e.Event, words: str) -> None:
    line = json_of(event)
    assert list(line)[:3] == ["ts", "level", "event"]
    assert line["message"] == words
    assert line["level"] in ("debug", "info", "warning", "error")


def test_the_fields_of_an_event_are_in_its_line() -> None:
    line = json_of(e.Applied("a", 0.12345, 1, 2))
    assert {key: line[key] for key in ("event", "migration", "seconds", "total")} == {
        "event": "applied", "migration": "a", "seconds": 0.123, "total": 2,
    }  # fmt: skip


def test_the_level_of_the_schema_is_not_the_level_of_the_line() -> None:
    line = json_of(e.Ready("20240105_x", 0, 1, 0.1))
    assert (line["level"], line["schema_level"]) == ("info", "20240105_x")


def test_an_error_as_json() -> None:
    line = json_of(e.Failed(ERROR))
    assert (line["code"], line["exit"], line["retry"]) == ("migration-failed", 12, False)
    assert line["details"] == ERROR.details


def test_times_and_names() -> None:
    assert timestamp(0.9996) == "1970-01-01T00:00:00.999Z"
    assert timestamp(1_704_412_800) == "2024-01-05T00:00:00.000Z"
    assert name("TurnTaken") == "turn-taken"


# --- the termination message -----------------------------------------------------------------------------------------


def test_the_most_important_comes_first() -> None:
    said = render_termination.render(ERROR).decode().splitlines()
    assert [line.partition(":")[0] for line in said if not line.startswith((" ", ")"))] == [
        "error", "migration", "line", "sqlstate", "in the database now", "statement", "file", "hint",
    ]  # fmt: skip


@given(
    st.text(max_size=3000),
    st.text(max_size=3000),
    st.dictionaries(st.sampled_from(["migration", "statement", "line", "x", "y", "z"]), st.text(max_size=3000)),
)
def test_it_is_never_too_long_and_always_text(message: str, hint: str, details: dict[str, str]) -> None:
    said = render_termination.render(MigrationHalfDoneError(message, hint=hint, details=details))
    assert len(said) <= 4096
    said.decode()


def test_nothing_pushes_out_the_next_command() -> None:
    long = "漢" * 3000
    details = dict.fromkeys(["migration", "statement", "line", "sqlstate", "in the database now", *"abcdefgh"], long)
    said = render_termination.render(LockmasterError(long, hint="lockmaster resolve --applied x", details=details))
    assert 3000 < len(said) <= 4096
    assert said.decode().endswith("hint: lockmaster resolve --applied x\n")


def test_that_it_cannot_be_written_is_no_error() -> None:
    render_termination.write("/nowhere/log", b"x")
    render_termination.write("a\0b", b"x")


# --- secrets ---------------------------------------------------------------------------------------------------------

PASSWORD = "Tr0ub4dor&3/@:%"
LEAKY = f"cannot reach postgresql://u:{PASSWORD}@h/d or host=h password='{PASSWORD}', that is: {PASSWORD}"


@pytest.mark.parametrize(
    "event",
    [
        e.Waiting("database", LEAKY, 1.0, 2.0),
        e.Warned(LEAKY, LEAKY),
        e.Recovered(LEAKY, LEAKY),
        e.Planned("native", 0, (LEAKY,), (LEAKY,), binding=False),
        e.Failed(LockmasterError(LEAKY, hint=LEAKY, details={"detail": LEAKY})),
    ],
)
def test_no_rendering_shows_a_secret(event: e.Event) -> None:
    assert PASSWORD not in text_of(event, secrets=(PASSWORD,))
    assert PASSWORD not in json.dumps(json_of(event, PASSWORD))
    if isinstance(event, e.Failed):
        assert PASSWORD.encode() not in render_termination.render(event.error, (PASSWORD,))
    told: list[Note] = []
    kube = render_kube.KubeRenderer({}, "web-0", e.nowhere, (PASSWORD,))
    kube._teller.tell = told.append  # type: ignore[method-assign,assignment]
    kube(event._replace(waited=9.0) if isinstance(event, e.Waiting) else event)
    assert bool(told) == isinstance(event, e.Waiting | e.Failed)
    assert PASSWORD not in str(told)


def test_a_failure_for_kubectl_keeps_its_next_act_however_long_the_rest_is() -> None:
    details = {"statement": "s" * 3000, "last lines": "x" * 3000 + "the end", "in the database now": "n" * 3000}
    told: list[Note] = []
    kube = render_kube.KubeRenderer({}, "web-0", e.nowhere, ())
    kube._teller.tell = told.append  # type: ignore[method-assign,assignment]
    kube(e.Failed(MigrationHalfDoneError("m" * 3000, hint="lockmaster resolve --applied x", details=details)))
    (note,) = told
    assert (note.reason, note.warning, note.owner) == ("MigrationHalfDone", True, True)
    assert note.text.endswith("next: lockmaster resolve --applied x")
    assert "the end; in the database now: nnn" in note.text
    assert len(note.text.encode()) <= LENGTH
    kube(e.Failed(StoppedError("stopped by SIGTERM")))
    assert len(told) == 1, "the pod is going away: nobody needs to be told"


# --- output ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        (Options(quiet=True), {"warning", "error"}),
        (Options(), {"info", "warning", "error"}),
        (Options(verbose=True), {"debug", "info", "warning", "error"}),
    ],
)
def test_quiet_and_verbose(options: Options, levels: set[str]) -> None:
    stream = io.StringIO()
    output = Output(options._replace(log_format="json"), stream)
    for event, _ in EVERY:
        output.emit(event)
    shown = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {line["level"] for line in shown} == levels
    assert len(shown) == sum(level_of(event) in levels for event, _ in EVERY)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "log_format", "begins"),
    [
        (io.StringIO, "auto", '{"ts"'),
        (Terminal, "auto", "\x1b["),
        (Terminal, "json", '{"ts"'),
        (io.StringIO, "text", "lockmaster:"),
    ],
)
def test_text_on_a_terminal_and_json_elsewhere(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], log_format: str, begins: str
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = stream()
    Output(Options()._replace(log_format=log_format), out).emit(e.Applied("a", 0.1, 1, 1))  # type: ignore[arg-type]
    assert out.getvalue().startswith(begins)


class Broken(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    output = Output(Options(termination_log=str(log)), Broken())
    output.emit(e.Ready("a", 0, 1, 0.1))
    output.fail(ERROR)
    assert log.exists()


def test_a_failure_is_left_for_kubernetes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    Output(Options(termination_log=str(log), quiet=True), io.StringIO()).fail(ERROR)
    assert log.read_text().startswith("error: migration 20240105_add_users failed")


# --- tables ----------------------------------------------------------------------------------------------------------

REPORT = StatusReport(
    rows=(
        StatusRow("20240101_init", "applied", "2024-01-01T00:00:00Z", 1.25, "app-1"),
        StatusRow("20240105_x", "pending", note="never applied"),
    ),
    holder="app-2 since 3s",
    current=False,
    format="native",
    database="postgresql://u:***@h/d",
    history="public.lockmaster_history",
)


def test_the_status_table() -> None:
    assert render_status.as_text(REPORT, color=False).splitlines() == [
        "MIGRATION      STATE    APPLIED AT            TOOK  BY     NOTE",
        "20240101_init  applied  2024-01-01T00:00:00Z  1.2s  app-1",
        "20240105_x     pending                                     never applied",
        "",
        "behind: 1 applied, 1 pending",
        "turn: app-2 since 3s",
        "native history public.lockmaster_history in postgresql://u:***@h/d",
    ]
    assert render_status.as_text(REPORT, color=True).count("\x1b[0m") == 2


def test_the_status_of_an_empty_folder() -> None:
    report = REPORT._replace(rows=(), holder="", current=True)
    assert render_status.as_text(report, color=True).startswith("no migrations\n\ncurrent: nothing\n")


def test_the_status_as_json() -> None:
    data = json.loads(render_status.as_json(REPORT))
    assert data["rows"][1] == {
        "label": "20240105_x",
        "state": "pending",
        "applied_at": "",
        "seconds": None,
        "applied_by": "",
        "note": "never applied",
    }
    assert set(data) == set(REPORT._fields)


def test_empty_columns_are_left_out() -> None:
    assert list(aligned([("A", "B", "C"), ("1", "", "3")])) == ["A  C", "1  3"]
