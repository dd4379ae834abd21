"""Which names mean a secret: the values of such variables and keys are masked wherever they would be shown."""

from __future__ import annotations

import re

_SECRET = re.compile(r"PASSW|PWD|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE|_KEY$|^KEY$", re.IGNORECASE)
_SHELLS = frozenset({"PWD", "OLDPWD"})  # where a shell is, and was


def is_secret(name: str) -> bool:
    """Whether what has this name is to be masked."""
    return _SECRET.search(name) is not None and name not in _SHELLS
