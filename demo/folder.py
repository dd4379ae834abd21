"""A Prisma folder of 20 migrations, as a team would have it: one slow, one CREATE INDEX CONCURRENTLY."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SLOW_SECONDS = 4
SLOW, CONCURRENT = "backfill_display_names", "index_orders_concurrently"
_STEPS = (
    ("init", 'CREATE TABLE "Effect" ("migration" TEXT NOT NULL);\nCREATE TABLE "User" ("id" SERIAL PRIMARY KEY);'),
    ("add_user_email", 'ALTER TABLE "User" ADD COLUMN "email" TEXT;'),
    ("unique_user_email", 'CREATE UNIQUE INDEX "User_email_key" ON "User"("email");'),
    ("create_post", 'CREATE TABLE "Post" ("id" SERIAL PRIMARY KEY, "title" TEXT NOT NULL, "authorId" INTEGER);'),
    ("post_author", 'ALTER TABLE "Post" ADD FOREIGN KEY ("authorId") REFERENCES "User"("id");'),
    ("create_role", "CREATE TYPE \"Role\" AS ENUM ('USER', 'ADMIN');"),
    ("add_user_role", 'ALTER TABLE "User" ADD COLUMN "role" "Role" NOT NULL DEFAULT \'USER\';'),
    (
        "seed_users",
        """INSERT INTO "User" ("email") SELECT 'u' || n || '@shop.test' FROM generate_series(1, 5000) n;""",
    ),
    ("add_display_name", 'ALTER TABLE "User" ADD COLUMN "displayName" TEXT;'),
    (SLOW, f'UPDATE "User" SET "displayName" = split_part("email", \'@\', 1);\nSELECT pg_sleep({SLOW_SECONDS});'),
    ("require_display_name", 'ALTER TABLE "User" ALTER COLUMN "displayName" SET NOT NULL;'),
    ("create_order", 'CREATE TABLE "Order" ("id" BIGSERIAL PRIMARY KEY, "userId" INTEGER NOT NULL, "total" INT);'),
    (
        "seed_orders",
        'INSERT INTO "Order" ("userId", "total") SELECT n % 5000 + 1, n FROM generate_series(1, 99999) n;',
    ),
    (CONCURRENT, 'CREATE INDEX CONCURRENTLY "Order_userId_idx" ON "Order"("userId");'),
    ("order_user", 'ALTER TABLE "Order" ADD FOREIGN KEY ("userId") REFERENCES "User"("id");'),
    ("create_tag", 'CREATE TABLE "Tag" ("id" SERIAL PRIMARY KEY, "name" TEXT NOT NULL UNIQUE);'),
    ("post_tags", 'CREATE TABLE "_PostToTag" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL);'),
    ("view_active", 'CREATE VIEW "ActiveUser" AS SELECT "id", "email" FROM "User" WHERE "role" = \'USER\';'),
    ("add_post_published", 'ALTER TABLE "Post" ADD COLUMN "published" BOOLEAN NOT NULL DEFAULT false;'),
    ("index_post_title", 'CREATE INDEX "Post_title_idx" ON "Post"("title");'),
)


def write(root: Path) -> list[str]:
    """Write the folder below `root`; the migrations' names, in order.

    Each migration also writes a row into "Effect" (in its own transaction), so that the verdict can count what took
    effect without believing the history. The concurrent one cannot: its index is counted instead.
    """
    folder = root / "prisma" / "migrations"
    names = []
    for number, (name, sql) in enumerate(_STEPS, 1):
        full = f"202609{number:02}120000_{name}"
        names.append(full)
        (folder / full).mkdir(parents=True)
        effect = "" if name == CONCURRENT else f"INSERT INTO \"Effect\" VALUES ('{full}');\n"
        (folder / full / "migration.sql").write_text(f"{sql}\n{effect}")
    (folder / "migration_lock.toml").write_text('provider = "postgresql"\n')
    return names
