"""Text with slots. Manifests are made as text, because their comments are half of what they are for."""

from __future__ import annotations

import json
import re
import textwrap

# A slot that has a line for itself takes a block, which is indented as the slot is; an empty one takes the line away.
_SLOT = re.compile(r"^([ ]*)\$\{(\w+)\}\n|\$\{(\w+)\}", re.MULTILINE)
# What YAML takes for text as it stands, whoever reads it: it begins with a letter, a slash or an option's dashes.
_PLAIN = re.compile(r"(--)?[A-Za-z/][\w./@+=-]*(:[\w./@+=-]+)*\Z", re.ASCII)
_EXPRESSION = re.compile(r"\{\{ ([^{}|]+) \}\}\Z")
_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n", "null"))


def fill(template: str, **slots: str) -> str:
    """The template with its slots `${name}` filled. A slot without a value is a mistake."""

    def put(match: re.Match[str]) -> str:
        indent, block, inline = match.groups()
        if inline:
            return slots[inline]
        text = slots[block].strip("\n")
        return textwrap.indent(text, indent) + "\n" if text else ""

    return _SLOT.sub(put, template)


def scalar(text: str) -> str:
    """The text as a YAML scalar that reads back as this very text; so does what Helm makes of a lone expression."""
    if lone := _EXPRESSION.match(text):
        return f"{{{{ {lone[1]} | quote }}}}"
    if "{{" in text or (_PLAIN.match(text) and text.lower() not in _WORDS):
        return text
    return json.dumps(text, ensure_ascii=False)
