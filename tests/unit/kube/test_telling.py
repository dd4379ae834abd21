"""The queue of what is told on the side: short, and the word on how it ended is always in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster import events
from lockmaster.kube.notes import KEPT, MOST, Note, Thing, event
from lockmaster.kube.telling import Teller
from lockmaster.kube.whoami import Pod, whoami
from tests.support.certificates import Authority
from tests.support.speaker import Speaker, silent

if TYPE_CHECKING:
    from pathlib import Path

POD = Pod("shop", "web-6f7d8c9b5-abcde", "1")
DEPLOYMENT = Thing("apps/v1", "Deployment", "web", "2")


def test_a_long_wait_does_not_use_up_the_word_on_how_it_ended(tmp_path: Path) -> None:
    Authority(tmp_path).ca.rename(tmp_path / "ca.crt")
    with Speaker(silent) as server:
        environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(server.port)}
        teller = Teller(environ, "web-0", events.nowhere, str(tmp_path))
        for number in range(3 * MOST):
            teller.tell(Note("HolderGone", f"number {number}"))
        assert server.accepted.wait(10)
        assert len(teller._notes) < MOST - KEPT
        teller.tell(Note("WaitingForTurn", "somebody"))
        failure = Note("MigrationFailed", "the end", warning=True, owner=True)
        teller.tell(failure)
        assert teller._notes[-1] == failure
        assert "WaitingForTurn" not in {note.reason for note in teller._notes if isinstance(note, Note)}


def test_a_herd_tells_its_owner_the_same_failure_once() -> None:
    note = Note("MigrationFailed", "migration 3_bad failed", warning=True, owner=True)
    names = {event(note, DEPLOYMENT, POD._replace(name=name))["metadata"]["name"] for name in ("web-a", "web-b")}
    other = event(note._replace(text="migration 4_bad failed"), DEPLOYMENT, POD)["metadata"]["name"]
    assert len(names) in (1, 2)  # two where ten minutes end between them
    assert other not in names
    pod = Thing("v1", "Pod", POD.name, POD.uid)
    assert event(note, pod, POD)["metadata"]["name"] != event(note, pod, POD)["metadata"]["name"]


def test_a_message_fits_whatever_is_in_it() -> None:
    for text in ("x" * 5000, "\u00e9" * 5000, "\U0001f600" * 5000, "\udcff" * 5000):
        message = event(Note("X", text), DEPLOYMENT, POD)["message"]
        assert len(message.encode()) <= 1024
        assert message.startswith(f"{POD.name}: ")


def test_a_token_of_another_making_says_nothing(tmp_path: Path) -> None:
    """Then it is the name that we were given, and POD_UID."""
    (tmp_path / "namespace").write_text("shop")
    for token in ("", "abc", "a.b.c", "a.e30.c", "a.W10.c", "a.!!!.c"):
        (tmp_path / "token").write_text(token)
        assert whoami({"POD_UID": "7"}, "web-0", str(tmp_path)) == Pod("shop", "web-0", "7")


def test_an_owner_is_told_once_that_a_pod_has_begun_however_often_its_container_is_started_again() -> None:
    """Twelve beginnings stood below one failure in `kubectl describe deployment`."""
    note = Note("MigrationStarted", "applying 2_orders (2/2)", owner=True)
    for _ in range(2):  # what is the same is so for ten minutes of the clock, which may just have ended
        told = [event(note, DEPLOYMENT, POD)["metadata"]["name"] for _ in range(2)]
        if told[0] == told[1]:
            break
    assert told[0] == told[1]
    assert event(note, DEPLOYMENT, Pod("shop", "web-b"))["metadata"]["name"] != told[1]
    itself = [event(note, Thing("v1", "Pod", POD.name, POD.uid), POD)["metadata"]["name"] for _ in range(2)]
    assert itself[0] != itself[1]
