"""Writes docs/kubernetes/rules, a page for each rule of `kube check`, and their table in docs/kubernetes/check.md.

Run by `python tools/docs/rules.py [--check]`; with --check it only says whether they are current. The examples are those
that the tests run (tests/manifests/check/examples).
"""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from lockmaster.manifests.check.measured import PEAKS
from lockmaster.manifests.check.run import IGNORE, checks

if TYPE_CHECKING:
    from lockmaster.manifests.check.model import Check

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "kubernetes" / "rules"
OVERVIEW = ROOT / "docs" / "kubernetes" / "check.md"
EXAMPLES = ROOT / "tests" / "manifests" / "check" / "examples"
GENERATED = "<!-- Written by tools/docs/rules.py from the code. Do not edit. -->"


def pages() -> dict[Path, str]:
    """Every page that is made, with its text."""
    found = {PAGES / f"{check.RULE.id}.md": _page(check) for check in checks()}
    overview = _filled(_filled(OVERVIEW.read_text(), "rules", _table()), "memory", _memory())
    return found | {OVERVIEW: overview}


def _filled(text: str, name: str, table: str) -> str:
    """The text with this table between its marks."""
    begin, end = f"<!-- {name}: written by tools/docs/rules.py -->", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{table}\n{end}{after}"


def _page(check: Check) -> str:
    rule = check.RULE
    fix = "`--fix` mends it. " if hasattr(check, "fix") else ""
    parts = [
        GENERATED,
        f"# {rule.id}",
        fill(f"{rule.severity.capitalize()}: {rule.title}.", 120),
        f"**What happens.** {_sentence(rule.effect)}",
        f"**What to do.** {_sentence(rule.help)}",
        f"{fix}For one object it is let pass by the annotation `{IGNORE}: {rule.id}`. [All rules](../check.md#the-rules)",
        "## Wrong",
        _example(rule.id, "bad"),
        "## Right",
        _example(rule.id, "good"),
    ]
    return (
        "\n\n".join(fill(part, 120, break_on_hyphens=False) if part.startswith("**") else part for part in parts) + "\n"
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text[1:2].islower() or text[1:2] == " " else f"{text}."


def _example(name: str, kind: str) -> str:
    return f"```yaml\n{(EXAMPLES / f'{name}.{kind}.yaml').read_text().rstrip()}\n```"


def _table() -> str:
    lines = ["| rule | severity | what is wrong | `--fix` |", "|---|---|---|---|"]
    for check in checks():
        rule = check.RULE
        mends = "yes" if hasattr(check, "fix") else ""
        lines.append(f"| [{rule.id}](rules/{rule.id}.md) | {rule.severity} | {rule.title} | {mends} |")
    return "\n".join(lines) + "\n"


def _memory() -> str:
    rows = sorted((mib, what) for _, what, mib in PEAKS)
    return "| command | MiB |\n|---|---|\n" + "".join(f"| {what} | {mib} |\n" for mib, what in rows)


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check say which differ: 1."""
    wanted = pages()
    if "--check" not in arguments:
        PAGES.mkdir(parents=True, exist_ok=True)
        for path in set(PAGES.glob("*.md")) - set(wanted):
            path.unlink()
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in [*stale, *(set(PAGES.glob("*.md")) - set(wanted))]:
        print(f"{path.relative_to(ROOT)} is not what the code says: run python tools/docs/rules.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
