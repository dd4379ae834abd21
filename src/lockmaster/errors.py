"""What can go wrong, as one tree. The class tells the caller what to do next.

    LockmasterError                 exit  retry
    ├── UsageError                     2     no   an option, a setting or a file cannot be used as it is
    ├── BehindError                    3     no   the schema is not at the level of this folder
    ├── UnreachableError              10    yes   the database, or what a step waits for, was not there in time
    ├── NoTurnError                   11    yes   somebody else kept the turn for too long
    ├── MigrationFailedError          12     no   a migration failed and nothing of it remains
    ├── CommandFailedError            12     no   a command of yours failed under our turn
    ├── MigrationHalfDoneError        13     no   a migration failed half-way: a person must look
    ├── HistoryMismatchError          14     no   history and files disagree
    ├── SchemaTooNewError             15     no   the schema is ahead of this image, and that was refused
    ├── AccessDeniedError             16     no   credentials or privileges
    ├── StepFailedError               20     no   a preparation step failed
    └── StoppedError                 143    yes   SIGTERM or SIGINT: nothing that the next run does not finish

Every message is one fact in one line; ``hint`` is the next act. Neither ever holds a secret.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses. They are an interface (podFailurePolicy, scripts) and never change their meaning."""

    READY = 0
    UNEXPECTED = 1
    USAGE = 2
    BEHIND = 3
    UNREACHABLE = 10
    NO_TURN = 11
    FAILED = 12
    HALF_DONE = 13
    MISMATCH = 14
    TOO_NEW = 15
    ACCESS = 16
    STEP_FAILED = 20
    STOPPED = 143


class LockmasterError(Exception):
    """Base of every error that Lockmaster raises on purpose.

    Parameters: ``message`` is one fact in one line; ``hint`` the next act, possibly of several lines; ``details``
    ordered name/value pairs for people and for JSON (migration, statement, line, sqlstate, ...).
    """

    code: str = "unexpected"
    exit: Exit = Exit.UNEXPECTED
    retry: bool = False

    def __init__(self, message: str, *, hint: str = "", details: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details or {}


class UsageError(LockmasterError):
    """An option, a setting or a file cannot be used as it is."""

    code, exit = "usage", Exit.USAGE


class BehindError(LockmasterError):
    """The schema is not at the level of this folder; or, with --check, a step would change something."""

    code, exit = "behind", Exit.BEHIND


class UnreachableError(LockmasterError):
    """The database did not accept work in time; or something else that is waited for was not there in time."""

    code, exit, retry = "unreachable", Exit.UNREACHABLE, True


class NoTurnError(LockmasterError):
    """Somebody else kept the turn, or a table lock, for longer than we were told to wait."""

    code, exit, retry = "no-turn", Exit.NO_TURN, True


class MigrationFailedError(LockmasterError):
    """A migration failed and nothing of it remains in the database."""

    code, exit = "migration-failed", Exit.FAILED


class CommandFailedError(LockmasterError):
    """A command that was run under the turn failed, or took too long; what it left is for its own tool to tell."""

    code, exit = "command-failed", Exit.FAILED


class MigrationHalfDoneError(LockmasterError):
    """A migration failed, or was interrupted, half-way; only a person can decide what it left."""

    code, exit = "migration-half-done", Exit.HALF_DONE


class HistoryMismatchError(LockmasterError):
    """History and files disagree: edited, missing, out of order, or a schema without a history."""

    code, exit = "history-mismatch", Exit.MISMATCH


class SchemaTooNewError(LockmasterError):
    """The database knows migrations that this image does not, and ``--ahead=fail`` was asked for."""

    code, exit = "schema-too-new", Exit.TOO_NEW


class AccessDeniedError(LockmasterError):
    """Wrong credentials, or a privilege is missing."""

    code, exit = "access-denied", Exit.ACCESS


class StepFailedError(LockmasterError):
    """A preparation step failed. The message names the step; what it was to replace is as it was."""

    code, exit = "step-failed", Exit.STEP_FAILED


class StoppedError(LockmasterError):
    """Stopped by a signal. What was begun is rolled back, or is finished by the next run."""

    code, exit, retry = "stopped", Exit.STOPPED, True
