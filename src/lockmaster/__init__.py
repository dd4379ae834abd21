"""Lockmaster: the schema is ready before the application starts.

    from lockmaster import migrate
    result = migrate("postgresql://...", dir="migrations")

Names are loaded when they are used: `import lockmaster` alone costs nothing.
"""

from lockmaster.version import VERSION

__version__ = VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.api import baseline, gate, migrate, new, plan, resolve, status
    from lockmaster.engine.results import DryRun, DryRunRow, MigrateResult, StatusReport, StatusRow
    from lockmaster.errors import (
        AccessDeniedError,
        BehindError,
        Exit,
        HistoryMismatchError,
        LockmasterError,
        MigrationFailedError,
        MigrationHalfDoneError,
        NoTurnError,
        SchemaTooNewError,
        StoppedError,
        UnreachableError,
        UsageError,
    )
    from lockmaster.settings import Options, Secret
    from lockmaster.stop import Stop

__all__ = [
    "AccessDeniedError",
    "BehindError",
    "DryRun",
    "DryRunRow",
    "Exit",
    "HistoryMismatchError",
    "LockmasterError",
    "MigrateResult",
    "MigrationFailedError",
    "MigrationHalfDoneError",
    "NoTurnError",
    "Options",
    "SchemaTooNewError",
    "Secret",
    "StatusReport",
    "StatusRow",
    "Stop",
    "StoppedError",
    "UnreachableError",
    "UsageError",
    "baseline",
    "gate",
    "migrate",
    "new",
    "plan",
    "resolve",
    "status",
]

_ELSEWHERE = {
    "DryRun": "engine.results",
    "DryRunRow": "engine.results",
    "MigrateResult": "engine.results",
    "Options": "settings",
    "Secret": "settings",
    "StatusReport": "engine.results",
    "StatusRow": "engine.results",
    "Stop": "stop",
}

if not TYPE_CHECKING:  # a type checker would take any name for an existing one

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = _ELSEWHERE.get(name, "api" if name.islower() else "errors")
        value = globals()[name] = getattr(__import__(f"{__name__}.{home}", fromlist=[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
