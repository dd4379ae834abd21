"""The library: typed, silent, and blind to the environment unless asked."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

import lockmaster
from lockmaster import Options, Secret, Stop, StoppedError, UsageError, api

URL = "postgresql://u:pw@h/d"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...], Stop]]:
    seen: list[tuple[str, tuple[Any, ...], Stop]] = []

    def stand_in(name: str) -> object:
        def call(*arguments: object, events: object, stop: Stop) -> str:
            assert callable(events)
            stop.check()
            seen.append((name, arguments, stop))
            return name

        return call

    names = ("migrate", "gate", "status", "dry_run", "baseline", "resolve", "new")
    module = SimpleNamespace(**{name: stand_in(name) for name in names})
    monkeypatch.setattr(lockmaster, "compose", module, raising=False)
    monkeypatch.setitem(sys.modules, "lockmaster.compose", module)
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment@h/d")
    monkeypatch.setenv("LOCKMASTER_WAIT_FOR_TURN", "7s")
    return seen


def test_the_surface_is_what_it_says() -> None:
    assert set(lockmaster.__all__) <= set(dir(lockmaster))
    for name in lockmaster.__all__:
        assert getattr(lockmaster, name).__module__.startswith("lockmaster")
    with pytest.raises(AttributeError):
        lockmaster.nothing  # type: ignore[attr-defined] # noqa: B018


def test_importing_it_loads_next_to_nothing() -> None:
    import subprocess

    code = "import sys; import lockmaster; print([m for m in sys.modules if m.startswith('lockmaster.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['lockmaster.version']\n"


def test_keywords_are_the_options_that_mean_something_in_a_library() -> None:
    of_a_process = {"log_format", "color", "termination_log", "kube_events", "quiet", "verbose", "dry_run"}
    given_otherwise = {"url", "dir", "to"}
    assert set(api.Keywords.__annotations__) == set(Options._fields) - of_a_process - given_otherwise


def test_the_environment_is_not_read(calls: list[Any]) -> None:
    assert lockmaster.migrate(URL, dir="sql", statement_timeout=3.0) == "migrate"  # type: ignore[comparison-overlap]
    assert calls[0][1] == (Options(url=Secret(URL), dir="sql", statement_timeout=3.0),)
    with pytest.raises(UsageError, match="its URL is missing"):
        lockmaster.migrate(dir="sql")


def test_the_environment_is_read_when_asked_and_keywords_win(calls: list[Any], tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    lockmaster.migrate(from_environment=True, dir="sql")
    lockmaster.migrate(URL, from_environment=True, wait_for_turn=1.0)
    one, other = (call[1][0] for call in calls)
    assert (one.url.reveal(), one.wait_for_turn, one.dir) == ("postgresql://environment@h/d", 7.0, "sql")
    assert (other.url.reveal(), other.wait_for_turn) == (URL, 1.0)


def test_gate_has_a_deadline(calls: list[Any]) -> None:
    lockmaster.gate(URL, dir="sql")
    lockmaster.gate(URL, dir="sql", deadline=None)
    assert [call[1][0].deadline for call in calls] == [600.0, None]


def test_the_other_calls(calls: list[Any]) -> None:
    lockmaster.status(URL)
    lockmaster.plan(URL, to="b")
    lockmaster.baseline(URL, to="b")
    lockmaster.resolve(URL, applied="a")
    lockmaster.new("x", dir="sql")
    assert [(call[0], call[1][1:]) for call in calls] == [
        ("status", ()), ("dry_run", ()), ("baseline", ("b",)), ("resolve", ("a", "")), ("new", ("x",)),
    ]  # fmt: skip
    assert calls[1][1][0].to == "b"
    assert calls[2][1][0].to == ""


@pytest.mark.parametrize("words", [{}, {"applied": "a", "rolled_back": "b"}])
def test_resolve_takes_one_word(calls: list[Any], words: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        lockmaster.resolve(URL, **words)  # type: ignore[arg-type]
    assert calls == []


@pytest.mark.usefixtures("calls")
def test_a_call_can_be_stopped() -> None:
    stop = Stop()
    stop.request("the test")
    with pytest.raises(StoppedError):
        lockmaster.migrate(URL, stop=stop)
    stop.fileno()
    stop.close()
