"""How much memory each tool needs at its peak, as measured; nothing is in here that was not.

By `python -m benchmarks.memory` on 2026-11-28: 50 small migrations on PostgreSQL 18.4, Linux x86-64, Python 3.11,
Node.js 20.20.2; all processes of the command together, what they share counted once, the most of three runs. Prisma 6.19.3
with its JavaScript engine; its native engine is a process more. A limit below is a container that the kernel kills.
"""

from __future__ import annotations

import re

MIB = 1 << 20
# What is looked for in the bare command, what was measured, MiB.
PEAKS = (
    (r"^lockmaster migrate\b", "lockmaster migrate", 22),
    (r"^prisma migrate deploy\b", "npx prisma migrate deploy", 212),
    (r"^npm (?:run-script |run )?\S*migrat", "npm run migrate with node-pg-migrate", 87),
    (r"^node-pg-migrate\b", "node-pg-migrate up", 73),
    (r"^alembic\b", "alembic upgrade head", 58),
    (r"^goose\b", "goose up", 14),
    (r"^dbmate\b", "dbmate up", 25),
)


def peak(command: str) -> tuple[str, int] | None:
    """What was measured that is most like this bare command, and its peak in MiB; None where nothing was."""
    return next(((what, mib) for pattern, what, mib in PEAKS if re.search(pattern, command)), None)
