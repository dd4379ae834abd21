"""Which folder a team's own command migrates."""

from __future__ import annotations

import pytest

from lockmaster.errors import UsageError
from lockmaster.manifests.inject.commands import migrations


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        (["npx", "prisma", "migrate", "deploy"], "prisma/migrations"),
        (["npx", "--yes", "prisma@6", "migrate", "deploy"], "prisma/migrations"),
        (["/bin/sh", "-c", "npx prisma migrate deploy --schema=./prisma/schema.prisma"], "prisma/migrations"),
        (
            ["sh", "-ec", "set -e; cd /app && exec npx prisma migrate deploy --schema db/my.prisma"],
            "/app/db/migrations",
        ),
        (["./node_modules/.bin/prisma", "migrate", "deploy", "--schema", "db"], "db/migrations"),
        (["sh", "-c", "npx prisma migrate deploy || true"], "prisma/migrations"),
        (["pnpm", "exec", "prisma", "migrate", "deploy"], "prisma/migrations"),
        (["node", "node_modules/prisma", "migrate", "deploy"], "prisma/migrations"),
    ],
)
def test_prisma_in_its_many_dresses(words: list[str], folder: str) -> None:
    found = migrations(words, "x:1")
    assert found is not None
    assert (found.folder, found.format) == (folder, "prisma")


@pytest.mark.parametrize(
    "words", [["npm", "run", "migrate"], ["sh", "-c", "flyway migrate"], ["npx", "prisma", "migrate", "status"], []]
)
def test_what_is_not_known_is_not_guessed(words: list[str]) -> None:
    assert migrations(words, "x:1") is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["sh", "-c", "npx prisma migrate deploy && npx prisma generate"],
            "'npx prisma generate' would not run any more",
        ),
        (["sh", "-c", "npx prisma migrate deploy | tee log"], "'tee log' would not"),
        (["npx", "prisma", "db", "push"], "keeps no migrations"),
        (["npx", "prisma", "migrate", "deploy", "--config", "x.ts"], "in the image"),
    ],
)
def test_what_would_be_lost_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=r"^x:1: ") as caught:
        migrations(words, "x:1")
    assert message in caught.value.message
    assert caught.value.hint
