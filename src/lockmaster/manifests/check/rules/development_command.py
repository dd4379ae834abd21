"""A command for development, or one that destroys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check import shell
from lockmaster.manifests.check.bare import bare
from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.check.said import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="development-command",
    severity="error",
    title="a command for development, or one that drops data",
    effect="it drops tables, makes migrations up, or asks a question that nobody answers in a pod",
    help="use the tool's command for deployment: prisma migrate deploy, artisan migrate --force, rails db:migrate",
)
_DANGERS = (
    (r"^prisma migrate dev\b", "makes new migrations, and resets the database when history differs"),
    (r"^prisma (?:migrate reset|db push)\b", "changes the database without migrations, and may drop what is in it"),
    (r"^(?:rails|rake)\b.* db:(?:reset|drop|setup|schema:load)\b", "drops the tables, or loads a schema over them"),
    (r"^artisan migrate:(?:fresh|refresh|reset)\b", "drops all tables"),
    (r"^artisan migrate(?!.*--force)(?: |$)", "asks whether this is production, and gives up: --force is missing"),
    (r"^(?:sequelize|sequelize-cli) db:drop\b", "drops the database"),
    (r"^typeorm\S*.* schema:(?:sync|drop)\b", "changes the schema without migrations"),
    (r"^mikro-orm migration:fresh\b", "drops the schema"),
    (r"^drizzle-kit push\b", "changes the schema without migrations, and asks before it drops"),
    (r"^flyway\b.* clean\b", "drops everything in the schema"),
    (r"^liquibase\b.* drop-?all\b", "drops everything in the schema"),
    (r"^mix\b.* ecto\.(?:reset|drop)\b", "drops the database"),
    (r"^(?:migrate|dbmate|goose)\b.* (?:drop|reset)\b", "drops what is in the database"),
    (r"^atlas\b.* schema clean\b", "drops everything in the schema"),
    (r"^manage\.py\b.* (?:flush|reset_db)\b", "empties the database"),
    (r"^manage\.py\b.* makemigrations\b", "makes migrations that no other image has"),
)


def find(world: World) -> Iterator[Finding]:
    """Every such command in any container."""
    for workload in world.workloads:
        for container in workload.containers():
            for command in shell.read(words(container)).commands:
                said = bare(command.words).text
                danger = next((what for pattern, what in _DANGERS if re.search(pattern, said, re.IGNORECASE)), "")
                if danger:
                    field = "args" if container.root.get("args") else "command"
                    yield at(RULE, container, field, message=f"{said!r} {danger}")
