"""`if:` of a step: what the environment must be like for it to run.

    NAME            set, and not empty, 0, false, no or off        !NAME           not so
    NAME == text    exactly this text (unset is empty)             NAME != text    anything else

A list of them holds when all do.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PATTERN = r"^\s*(!?\s*[A-Za-z_][A-Za-z0-9_]*|[A-Za-z_][A-Za-z0-9_]*\s*(==|!=).*)\s*$"
_SHAPE = re.compile(r"\s*(?:(!?)\s*([A-Za-z_]\w*)|([A-Za-z_]\w*)\s*(==|!=)\s*(.*?))\s*", re.ASCII | re.DOTALL)
_NO = frozenset({"", "0", "false", "no", "off"})


def understood(condition: str) -> bool:
    """Whether this is a condition at all."""
    return _SHAPE.fullmatch(condition) is not None


def holds(condition: str, environ: Mapping[str, str]) -> bool:
    """Whether the environment is so. The condition must be one that is `understood`."""
    found = _SHAPE.fullmatch(condition)
    if found is None:
        raise ValueError(condition)
    no, name, compared, sign, text = found.groups()
    if name:
        return (environ.get(name, "").lower() in _NO) == bool(no)
    return (environ.get(compared, "") == text.strip("\"'")) == (sign == "==")
