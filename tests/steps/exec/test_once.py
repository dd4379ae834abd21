"""At most one at a time, and at most once per key."""

from pathlib import Path

import pytest

from tests.steps.exec.conftest import Place


def test_the_command_runs_and_its_words_come_through(place: Place) -> None:
    done = place.run("--always")
    assert done.status == 0, done.text
    assert "| working 1" in done.text
    assert "| worked" in done.text
    assert (place.begun(), place.done(), place.keys()) == (1, 1, [])


def test_a_key_is_recorded_and_the_next_pod_starts_nothing(place: Place) -> None:
    assert place.run("--once", "app@1").status == 0
    again = place.run("--once", "app@1")
    assert again.status == 0
    assert "done before" in again.text
    assert (place.begun(), place.keys()) == (1, ["app@1"])
    assert place.run("--once", "app@2").status == 0
    assert (place.begun(), place.keys()) == (2, ["app@1", "app@2"])


def test_a_read_only_role_is_enough_where_the_key_is_recorded(place: Place) -> None:
    """Law 4: nothing to do costs one connection, no lock and no write."""
    place.run("--once", "k")
    reader, password = place.database.server.create_role()
    place.database.execute(
        f"GRANT USAGE ON SCHEMA lockmaster TO {reader}; GRANT SELECT ON lockmaster.lockmaster_once TO {reader}"
    )
    url = place.database.url_for(reader, password)
    done = place.run("--once", "k", DATABASE_URL=url)
    assert done.status == 0, done.text
    assert place.begun() == 1


def test_a_failed_command_records_nothing_and_is_named(place: Place) -> None:
    done = place.run("--once", "k", status=3)
    assert done.status == 12
    assert "ended with 3" in done.text
    assert "worked" in done.text
    assert place.keys() == []
    assert place.run("--once", "k").status == 0
    assert place.keys() == ["k"]


def test_a_herd_of_ten_runs_it_once(place: Place) -> None:
    done = place.herd(10, "--once", "k", seconds=1.0)
    assert [one.status for one in done] == [0] * 10, "".join(one.text for one in done)
    assert (place.begun(), place.done(), place.keys()) == (1, 1, ["k"])


def test_a_herd_without_a_key_runs_one_after_the_other(place: Place) -> None:
    done = place.herd(4, "--always", seconds=0.3)
    assert [one.status for one in done] == [0] * 4, "".join(one.text for one in done)
    assert (place.begun(), place.done(), place.overlaps()) == (4, 4, 0)


def test_the_key_of_a_folder_changes_with_its_content_and_with_the_command(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "1.js").write_text("one")
    assert place.run("--once-of", str(folder)).status == 0
    assert "done before" in place.run("--once-of", str(folder)).text
    (folder / "2.js").write_text("two")
    assert "done before" not in place.run("--once-of", str(folder)).text
    assert place.begun() == 2
    assert "done before" not in place.run("--once-of", str(folder), seconds=0.01).text


def test_a_known_folder_is_the_default_key(place: Place, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "1_a.sql").write_text("SELECT 1")
    options = ("--dir", str(tmp_path / "m"))
    assert place.run(*options).status == 0
    assert "done before" in place.run(*options).text
    assert place.run(*options, "--always").status == 0
    assert place.begun() == 2


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--once", "a", "--always"), "contradict"),
        (("--once", "a\nb"), "invisible"),
        (("--once-of", "nowhere"), "nowhere: no such file or folder"),
        (("--always", "--retry-on", "1,x"), "'x' is no exit code"),
        (("--always", "--retries", "-"), "not a number"),
        (("--always", "--grace", "10"), "a unit is missing"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_runs(place: Place, options: tuple[str, ...], word: str) -> None:
    done = place.run(*options)
    assert (done.status, word in done.text) == (2, True), done.text
    assert place.begun() == 0
