"""The effective values of one run, typed. `table.OPTIONS` says what each means; a test holds the two together."""

from __future__ import annotations

from lockmaster.settings.secret import Secret
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


class Options(NamedTuple):
    """Everything that a run may be told. Durations are seconds; None is no limit."""

    dir: str = ""  # "": found as the format's own tool finds it
    format: Literal["auto", "native", "prisma"] = "auto"
    to: str = ""
    schema: str = ""
    history_schema: str = ""
    dry_run: bool = False

    url: Secret = Secret()
    direct_url: Secret = Secret()
    pooler: Literal["auto", "none", "session", "transaction"] = "auto"
    pod: str = ""
    pod_uid: str = ""

    wait_for_database: float = 120.0
    wait_for_turn: float = 1800.0
    ddl_lock_timeout: float = 0.8
    ddl_lock_budget: float = 300.0
    statement_timeout: float | None = None
    deadline: float | None = None
    order: Literal["database", "lease"] = "database"

    ahead: Literal["warn", "fail"] = "warn"
    checksum: Literal["auto", "ignore", "warn", "fail"] = "auto"
    out_of_order: Literal["auto", "allow", "fail"] = "auto"
    recover: Literal["auto", "never"] = "auto"

    log_format: Literal["auto", "text", "json"] = "auto"
    color: Literal["auto", "always", "never"] = "auto"
    termination_log: str = ""
    kube_events: Literal["auto", "never"] = "auto"
    quiet: bool = False
    verbose: bool = False
