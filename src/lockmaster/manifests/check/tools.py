"""The tools that migrate, by the commands and images that people run; and what kind of lock each of them takes.

What is said of the locks is what the tools document or showed when they were run; `unknown` is all that hides its tool.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Lock = Literal["session", "transaction", "row", "none", "unknown", "turn"]
"""session: lives as long as its database session, which a transaction pooler takes away.
transaction: held by an open transaction. row: in a table, and stays there when its holder dies.
turn: Lockmaster's. unknown: nobody can see from outside."""


class Tool(NamedTuple):
    """One tool. `pattern` is looked for in a bare command; images run it by themselves, as `entry`."""

    name: str
    lock: Lock
    pattern: str
    images: tuple[str, ...] = ()
    entry: str = ""


_NODE = r"^(?:npm|pnpm|yarn|bun)(?: -\S+)* (?:run-script |run )?(?:-\S+ )*"
_SCRIPT = r"\S*(?:migrat|db[:-](?:deploy|push|up|sync|setup|init)|schema[:-])\S*"
_OTHERS = (
    r"(?!\[|(?:echo|printf|cp|mv|rm|cat|ls|mkdir|chmod|chown|grep|curl|wget|git|tar|test|cd|kubectl|pip|npm|yarn|python3?"
    r"|node|psql)\b)"
)
_ASKED = r"(?:(?:--?(?:auto-|run-)?|-\S*mode[= ])?migrate|run[_-]migrations)"
TOOLS = (
    Tool("Lockmaster", "turn", r"^lockmaster (?:migrate|up|exec)\b", ("lockmaster",), "lockmaster"),
    Tool("Prisma", "session", r"^prisma (?:migrate (?:deploy|dev|reset)|db push)\b"),
    Tool("Flyway", "transaction", r"^flyway\b.* (?:migrate|clean)\b", ("flyway/flyway", "redgate/flyway"), "flyway"),
    Tool(
        "Liquibase",
        "row",
        r"^liquibase\b.* (?:update|drop-all|dropAll)\b",
        ("liquibase/liquibase", "liquibase"),
        "liquibase",
    ),
    Tool("Airflow", "session", r"^airflow db (?:migrate|upgrade|reset)\b"),
    Tool("Alembic", "none", r"^(?:alembic\b.* (?:upgrade|downgrade)|(?:flask|superset)\b.* db upgrade)\b"),
    Tool("Django", "none", r"^(?:manage\.py|django-admin|django)\b.* (?:migrate|flush)\b"),
    Tool("Rails", "session", r"^(?:rails|rake)\b.* db:(?:migrate|prepare|setup|reset|drop|schema:load)\b"),
    Tool("Knex", "row", r"^knex\b.* migrate:(?:latest|up)\b"),
    Tool("Sequelize", "none", r"^sequelize(?:-cli)?\b.* db:(?:migrate|drop)\b"),
    Tool("TypeORM", "none", r"^typeorm\S*(?: .*)? (?:migration:run|schema:(?:sync|drop))\b"),
    Tool("MikroORM", "none", r"^mikro-orm\b.* migration:(?:up|fresh)\b"),
    Tool("Drizzle", "none", r"^drizzle-kit (?:migrate|push)\b"),
    Tool("node-pg-migrate", "session", r"^node-pg-migrate\b.* up\b"),
    Tool("Goose", "none", r"^goose\b.* (?:up|up-to|up-by-one|reset|down-to)\b", ("gomicro/goose",), "goose"),
    Tool("dbmate", "none", r"^dbmate\b.* (?:up|migrate|drop)\b", ("amacneil/dbmate",), "dbmate"),
    Tool("Atlas", "session", r"^atlas\b.* (?:migrate apply|schema apply|schema clean)\b", ("arigaio/atlas",), "atlas"),
    Tool("golang-migrate", "session", r"^migrate\b.* (?:up|goto|drop)\b", ("migrate/migrate",), "migrate"),
    Tool("sqlx", "session", r"^sqlx\b.* (?:migrate run|database (?:setup|reset))\b"),
    Tool("Diesel", "none", r"^diesel\b.* (?:migration run|database (?:setup|reset))\b"),
    Tool("Ecto", "transaction", r"^(?:mix\b.* ecto\.(?:migrate|setup|reset)\b|\S+ (?:eval|rpc) .*migrat)"),
    Tool("Laravel", "none", r"^artisan\b.* migrate(?::fresh|:refresh|:reset)?(?= |$)"),
    Tool("Doctrine", "none", r"^(?:console|doctrine\S*)\b.* doctrine:migrations:migrate\b"),
    Tool("EF Core", "transaction", r"^(?:dotnet(?: |-)ef\b.* database update\b|efbundle\S*)"),
    Tool("psql", "none", r"^(?:psql|mysql|mariadb)\b.*(?:migrat|schema)"),
    Tool("a package script", "unknown", _NODE + _SCRIPT),
    Tool("a script", "unknown", r"^(?:make|task|just|rake|mix|composer|php|gradlew?|mvnw?) (?:.* )?\S*migrat"),
    Tool("a script", "unknown", r"^(?:java|dotnet) .*migrat", (), ""),
    Tool("a script", "unknown", r"^(?!python|node|sh\b)\S*(?<!im)migrat\S*(?= |$)"),
    Tool("a subcommand", "unknown", rf"^{_OTHERS}\S+ (?:\S+ ){{0,3}}?{_ASKED}(?= |$)"),
    Tool("a subcommand", "unknown", rf"^{_OTHERS}\S+ (?:\S+ )*?(?:setup|update|upgrade)-(?:schema|db|database)(?= |$)"),
)
_LOOKS = re.compile(
    r" --(?:check|plan|dry-run|status|help|version)\b| (?:status|info|validate|version|check|create|generate|new)(?= |$)"
    r"|check.migrations|migrations?.(?:check|status)|(?:wait|check|verify|validate)\S*migrat|migrat\S*[:_-](?:check|status|lint|make|create)"
)
_NAMED = re.compile(
    r"(?<!im)migrat|db-?(?:init|setup|upgrade|schema)|(?:init|setup|upgrade)-?(?:db|database|schema)|schema-?(?:init|setup|update)"
)
_LOOKING = re.compile(r"wait|check|gate|verify|ready|copy|fetch|files")
HIDDEN = Tool("an unknown tool", "unknown", "")


def tool_of(text: str) -> Tool | None:
    """The tool that a bare command migrates with; None for one that does not migrate, or only looks."""
    if _LOOKS.search(f" {text}"):
        return None
    padded = re.sub(r"^(\S+)$", r"\1 ", text)
    return next((tool for tool in TOOLS if re.search(tool.pattern, padded)), None)


def entry_of(repository: str, words: Sequence[str]) -> tuple[str, ...]:
    """The words with the program that the image runs when its manifest names none."""
    name = repository.rpartition("/")[2]
    for tool in TOOLS:
        if any(repository == image or repository.endswith(f"/{image}") for image in tool.images):
            return (tool.entry, *words)
    return (name, *words) if name in ("dbmate", "goose", "migrate", "flyway", "liquibase", "atlas") else tuple(words)


def named_so(name: str) -> bool:
    """Whether a container or a Job of this name says that it migrates."""
    return bool(_NAMED.search(name.lower())) and not _LOOKING.search(name.lower())
