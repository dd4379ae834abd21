"""The holder, its command or their connection dies: nothing runs twice at once, nothing goes on alone, the next run ends it."""

import signal
import sys
from contextlib import suppress

import psutil
import pytest

from lockmaster.databases.postgres.database import command_name
from lockmaster.faults import ErrandFault
from lockmaster.formats.once import lock_id
from tests.crash.program import KILLED
from tests.steps.exec.conftest import Place
from tests.support.cli import Run, clean_environment, command, start_cli, until

pytestmark = pytest.mark.crash


def descendants(pid: int) -> list[psutil.Process]:
    """Every process below this one: the guard, the command, what that started."""
    return psutil.Process(pid).children(recursive=True)


def guard_of(pid: int) -> psutil.Process:
    (guard,) = psutil.Process(pid).children()
    return guard


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in family if lives(one)]


def lives(one: psutil.Process) -> bool:
    try:
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False


@pytest.mark.parametrize("point", list(ErrandFault), ids=lambda point: point.value)
def test_killed_at_every_point(place: Place, point: ErrandFault) -> None:
    """Killed there, run again: the command is done, its key recorded, and no two ran side by side."""
    done = place.run("--once", "k", seconds=0.2, LOCKMASTER_FAULT=f"{point.value}=kill")
    assert done.status == KILLED, done.text
    again = place.run("--once", "k", seconds=0.2)
    assert again.status == 0, again.text
    assert (place.keys(), place.overlaps()) == (["k"], 0)
    # killed between the command's success and the record of its key, it runs again: the docs say so
    assert place.done() == (2 if point is ErrandFault.WORKED else 1)


def test_the_holder_is_killed_while_its_command_works(place: Place) -> None:
    """Nothing of the command survives it, and whoever waits begins after that."""
    with place.start("--once", "k", seconds=8, LOCKMASTER_POD="first") as first:
        until(place.works, "it works")
        family = descendants(first.pid)
        assert len(family) >= 4  # guard, worker, sh, worker
        with place.start("--once", "k", LOCKMASTER_POD="second") as second:
            second.wait_for("has the turn")
            first.kill9()
            assert second.wait().returncode == 0
        until(lambda: not alive(family), "everything that it started has ended")
    assert (place.begun(), place.done(), place.overlaps(), place.keys()) == (2, 1, 0, ["k"])


def test_the_command_is_killed(place: Place) -> None:
    with place.start("--once", "k", seconds=30) as run:
        until(place.works, "it works")
        for one in guard_of(run.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # ended with its parent, or by the guard
                one.kill()
        done = run.wait()
    assert done.returncode == 12, done.stderr
    assert "SIGKILL" in done.stderr
    assert place.keys() == []
    assert place.run("--once", "k").status == 0


def test_started_by_somebody_who_ignores_its_children(place: Place) -> None:
    """SIGCHLD ignored is inherited over execve, and makes waitpid fail."""
    code = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    argv = [sys.executable, "-c", code, *command(place.argv("--once", "k", status=3))]
    with Run(argv, clean_environment(place.env())) as run:
        done = run.wait()
    assert (done.returncode, "ended with 3" in done.stderr) == (12, True), done.stderr


def test_the_guard_is_killed(place: Place) -> None:
    """Then the kernel ends the command, and we say so."""
    with place.start("--once", "k", seconds=30) as run:
        until(place.works, "it works")
        guard_of(run.pid).kill()
        assert run.wait().returncode == 12
    assert place.run("--once", "k").status == 0


def test_the_lock_session_is_cut_while_the_command_works(place: Place, make_proxy: object) -> None:
    """The command, whose own connection goes another way, is ended at once, and begins anew under a new turn."""
    proxy = make_proxy(place.database.server)  # type: ignore[operator]
    argv = place.argv("--once", "k", "--url", proxy.url(place.url), seconds=1.5)
    with start_cli(argv, env=place.env()) as run:
        until(place.works, "it works")
        proxy.cut()
        proxy.restore()
        done = run.wait()
    assert done.returncode == 0, done.stderr
    assert "lost the turn" in done.stderr
    assert (place.begun(), place.done(), place.overlaps(), place.keys()) == (2, 1, 0, ["k"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_command_and_ends_all(place: Place, number: signal.Signals) -> None:
    with place.start("--once", "k", seconds=30) as run:
        until(place.works, "it works")
        family = descendants(run.pid)
        run.send(number)
        assert run.wait(10).returncode == 143
    assert alive(family) == []
    assert place.keys() == []
    assert place.run("--once", "k").status == 0


def test_a_signal_while_waiting_for_the_turn(place: Place) -> None:
    with place.start("--once", "k", seconds=30, LOCKMASTER_POD="first") as first:
        until(place.works, "it works")
        with place.start("--once", "k") as second:
            second.wait_for("has the turn")
            second.terminate()
            assert second.wait(5).returncode == 143
        first.terminate()
        first.wait(10)


def test_a_command_that_ignores_its_end_is_killed_after_its_grace(place: Place) -> None:
    deaf = "trap '' TERM; echo deaf; sleep 60 & wait; sleep 60"
    argv = ["exec", "--always", "--grace", "500ms", "--log-format", "text", "--", "sh", "-c", deaf]
    with start_cli(argv, env=place.env()) as run:
        run.wait_for("deaf")
        family = descendants(run.pid)
        run.terminate()
        assert run.wait(10).returncode == 143
    assert alive(family) == []


def test_a_command_that_takes_too_long_is_ended(place: Place) -> None:
    done = place.run("--once", "k", "--deadline", "1s", seconds=30)
    assert done.status == 12
    assert "it took longer than 1s" in done.text
    until(lambda: not place.works(), "the server ends its statement too")
    assert place.keys() == []


def test_an_orphan_of_the_last_holder_is_waited_for_or_ended(place: Place) -> None:
    """A session that outlives everything (a pooler in between, another host) is told by its name."""
    orphan_name, _ = command_name("gone", lock_id("lockmaster"))
    with place.database.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"SET application_name = '{orphan_name}'")
        with place.start("--once", "k", "--wait-for-turn", "1s") as impatient:
            done = impatient.wait()
            assert done.returncode == 11
            assert "--end-orphans" in done.stderr
        with place.start("--once", "k") as patient:
            patient.wait_for("is still there")
            connection.close()
            assert patient.wait().returncode == 0
    assert place.keys() == ["k"]


def test_end_orphans_ends_them(place: Place) -> None:
    orphan_name, _ = command_name("gone", lock_id("lockmaster"))
    with place.database.connect() as connection:
        connection.cursor().execute(f"SET application_name = '{orphan_name}'")
        assert place.run("--once", "k", "--end-orphans").status == 0
    assert place.keys() == ["k"]
