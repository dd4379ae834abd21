"""lockmaster init: a first lockmaster.yaml, from what is in this folder."""

from __future__ import annotations

import os

from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.prepare.first_file import first_file
    from lockmaster.settings.resolving import FILE

    text = first_file(os.getcwd())
    if call.asked("print"):
        call.stdout.write(text)
        return 0
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if call.asked("force") else os.O_EXCL)
    try:
        with open(os.open(FILE, flags, 0o644), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{FILE} is already there", hint="--force replaces it; --print only shows a new one") from None
    except OSError as error:
        raise UsageError(f"cannot write {FILE}: {error.strerror}", hint="lockmaster init --print > FILE") from error
    call.print(FILE)
    return 0
