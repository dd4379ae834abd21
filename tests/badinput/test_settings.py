"""URLs and settings that cannot be used."""

import pytest

from lockmaster.errors import Exit
from tests.badinput.expecting import SECRET, fails
from tests.facts.lab import Lab

USAGE = Exit.USAGE
LOGIN = f"u:{SECRET}"


@pytest.fixture(autouse=True)
def migration(lite: Lab) -> None:
    """Write one good migration: nothing but the settings is wrong here."""
    lite.write("1_m", "CREATE TABLE t (x int);")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://{LOGIN}@host:notaport/db",
        f"postgresql://{LOGIN}@host:5432:1/db",
        f"postgresql://{LOGIN}@[::1/db",
        f"postgresql://{LOGIN}@host/db#{SECRET}",
        f"postgresql://u:{SECRET}#x@host/db",
        f"postgresql://{LOGIN}@host/db?options=-c%20search_path%3Dx",
        f"postgresql://{LOGIN}@host/db?sslmod=require",
        f"host=localhost user=u password={SECRET}",
        f"{LOGIN}@host/db",
        "sqlite::memory:",
        "sqlite:",
        "sqlite:///tmp/",
        "file:./dev.db?mode=memory",
    ],
)
def test_a_wrong_url(lite: Lab, url: str) -> None:
    fails(lite, USAGE, url=url)


@pytest.mark.parametrize("scheme", ["postgrse", "mysql", "mongodb", "http", "jdbc:postgresql", "prisma+postgres"])
def test_an_unknown_scheme(lite: Lab, scheme: str) -> None:
    fails(lite, USAGE, url=f"{scheme}://{LOGIN}@host/db")


def test_no_url(lite: Lab) -> None:
    fails(lite, USAGE, url="", hint="DATABASE_URL")


def test_a_url_of_a_file_that_is_not_there(lite: Lab) -> None:
    assert "/nowhere/url" in fails(lite, USAGE, url="", env={"DATABASE_URL_FILE": "/nowhere/url"}, hinted=False)


@pytest.mark.parametrize(
    "option",
    ["--ddl-lock-timeout=soon", "--deadline=-1s", "--pooler=maybe", "--format=flyway", "--no-such-option",
     "--wait-for-turn", "--log-format=xml", "--recover=perhaps"],
)  # fmt: skip
def test_an_option_that_makes_no_sense(lite: Lab, option: str) -> None:
    ended = lite.run(option)
    assert ended.status == USAGE, ended.text
    assert ended.err.startswith(("error:", '{"ts"')), ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("text", "place"),
    [("format: [", "lockmaster.yaml"), ("deadline: soon", "lockmaster.yaml:1"), ("- a", "lockmaster.yaml")],
)
def test_a_settings_file_that_makes_no_sense(lite: Lab, text: str, place: str) -> None:
    (lite.home / "lockmaster.yaml").write_text(text)
    assert place in fails(lite, USAGE, hinted=False)


def test_settings_never_show_a_secret(lite: Lab) -> None:
    ended = lite.run(command="settings", url=f"postgresql://{LOGIN}@host/db", env={"LOCKMASTER_PASSWORD": SECRET})
    assert ended.status == 0, ended.text
    assert SECRET not in ended.text


@pytest.mark.parametrize("options", [(), ("--applied", "1_m", "--rolled-back", "1_m")], ids=["neither", "both"])
def test_a_word_that_is_none(lite: Lab, options: tuple[str, ...]) -> None:
    fails(lite, USAGE, *options, command="resolve")


@pytest.mark.parametrize("flag", ["--applied", "--rolled-back"])
def test_a_word_about_what_is_no_question(lite: Lab, flag: str) -> None:
    lite.good()
    fails(lite, Exit.MISMATCH, flag, "1_m", command="resolve")
