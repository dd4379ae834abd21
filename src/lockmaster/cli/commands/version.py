"""lockmaster version."""

from __future__ import annotations

import lockmaster

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    call.print(f"lockmaster {lockmaster.__version__}")
    return 0
