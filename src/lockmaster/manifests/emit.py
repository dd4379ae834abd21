"""Plain values as YAML text, for what is new in a manifest."""

from __future__ import annotations

import io
import re
from typing import Any

_SHORT = 100  # a list of words as long as this stands in one line
# Text to YAML 1.2, and a number, a truth or a time to the YAML 1.1 of Kubernetes' own tools.
_OTHERWISE = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|~|=|<<|[-+]?[.\d][-+\d_.:exabcdftz ]*|[?:].*|")
_FLOWING = ("command", "args", "drop")


def block(value: Any, column: int, offset: int) -> str:
    """A mapping or a list as lines that begin at a column, the last one ended."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt", pure=True)
    yaml.width = 1 << 20
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    out = io.StringIO()
    yaml.dump(styled(value), out)
    lines = out.getvalue().splitlines(keepends=True)
    if isinstance(value, list):  # at the top it is indented as within a mapping
        lines = [line[offset:] if line[:offset].isspace() else line for line in lines]
    return "".join(" " * column + line if line.strip() else line for line in lines)


def flow(value: Any) -> str:
    """A value as it stands within a line."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt", pure=True)
    yaml.default_flow_style, yaml.width = True, 1 << 20
    out = io.StringIO()
    yaml.dump(styled(value), out)
    return out.getvalue().removesuffix("\n").removesuffix("\n...").strip()


def styled(value: Any, key: str = "") -> Any:
    """The value for ruamel's emitter: commands in one line, scripts as blocks of text."""
    from ruamel.yaml.comments import CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    if isinstance(value, dict):
        return {name: styled(item, str(name)) for name, item in value.items()}
    if isinstance(value, list):
        made = CommentedSeq(styled(item) for item in value)
        words = all(isinstance(item, str) and "\n" not in item for item in value)
        if key in _FLOWING and words and sum(map(len, value)) < _SHORT:
            made.fa.set_flow_style()
        return made
    if isinstance(value, str) and "\n" in value and not value.startswith((" ", "\n")) and value.endswith("\n"):
        return LiteralScalarString(value)
    if isinstance(value, str) and _OTHERWISE.fullmatch(value):
        return DoubleQuotedScalarString(value)
    return value
