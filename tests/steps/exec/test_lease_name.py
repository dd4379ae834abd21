"""The name of a command's own Lease is for everybody to read."""

from __future__ import annotations

import re

import pytest

from lockmaster.prepare.steps.exec.run import _lease_of


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("npm run migrate", "lockmaster-npm-run-migrate"),
        ("/usr/bin/npm run migrate", "lockmaster-npm-run-migrate"),
        ("python manage.py migrate", "lockmaster-python-[0-9a-f]{10}"),
        ("npx prisma migrate deploy", "lockmaster-npx-prisma-migrate-[0-9a-f]{10}"),
        ("./\u00e4", "lockmaster-[0-9a-f]{10}"),
        (" ".join(["aaaaaaaaaaaaaaaaaaa"] * 3), "lockmaster-[a-]{39,41}-[0-9a-f]{10}"),
    ],
)
def test_a_lease_is_called_after_its_command(line: str, name: str) -> None:
    found = _lease_of(line.split())
    assert re.fullmatch(name, found)
    assert re.fullmatch("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", found)


def test_a_password_among_the_arguments_was_in_the_name_of_the_lease() -> None:
    def name(password: str) -> str:
        return _lease_of(["psql", f"postgres://admin:{password}@postgres:5432/mydb", "-f", "a.sql"])

    assert "changeme" not in name("changeme")
    assert name("changeme") == name("another"), "old and new pods have one Lease, while a password is changed"
    assert name("changeme") != _lease_of(["psql", "postgres://admin:changeme@postgres:5432/mydb", "-f", "b.sql"])


def test_commands_with_a_long_beginning_in_common_have_two_leases() -> None:
    words = ["sh", "-c", "cd /application/of/a/team && node scripts/run-migrations.js --target"]
    assert _lease_of([*words[:2], words[2] + " one"]) != _lease_of([*words[:2], words[2] + " two"])
