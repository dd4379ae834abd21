"""Prisma's Accelerate: `prisma://` in `url` was an unknown scheme, with the database itself in `directUrl`."""

import pytest

from lockmaster.errors import Exit
from tests.badinput.expecting import fails
from tests.facts.lab import Lab
from tests.support.database import Database

URLS = ["prisma://accelerate.prisma-data.net/?api_key=hunter2hunter2", "prisma+postgres://h/?api_key=hunter2hunter2"]


@pytest.mark.parametrize("url", URLS)
def test_the_direct_url_is_the_database(lab: Lab, database: Database, url: str) -> None:
    lab.write_prisma("20240101_a", "CREATE TABLE t ();\nCREATE INDEX CONCURRENTLY i ON t ((1));")
    lab.env["DIRECT_DATABASE_URL"] = database.url
    lab.good(url=url)
    assert database.value("SELECT count(*) FROM _prisma_migrations") == 1
    lab.good("--check", command="status", url=url)


@pytest.mark.parametrize("url", URLS)
def test_without_one_it_says_what_is_missing(lab: Lab, url: str) -> None:
    lab.write_prisma("20240101_a", "CREATE TABLE t ();")
    text = fails(lab, Exit.USAGE, url=url, hint="DIRECT_DATABASE_URL")
    assert "Prisma Accelerate" in text


@pytest.mark.parametrize("url", URLS)
def test_its_key_is_a_secret(lab: Lab, url: str) -> None:
    shown = lab.run(command="settings", url=url)
    assert "hunter2" not in shown.text
    assert url[:9] in shown.text


def test_a_socket_that_is_not_there_was_no_such_file(lab: Lab) -> None:
    lab.write("1_m", "CREATE TABLE t ();")
    ended = lab.run("--wait-for-database=500ms", url="postgresql://u@/db?host=/nowhere")
    assert "/nowhere/.s.PGSQL.5432: No such file or directory" in ended.err
