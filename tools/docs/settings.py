"""Writes docs/settings.md and docs/exit-codes.md from the code; with --check only says whether they are current.

Run by `python tools/docs/settings.py [--check]`.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TypeGuard

from lockmaster import errors
from lockmaster.errors import Exit, LockmasterError
from lockmaster.settings import OPTIONS, Option

DOCS = Path(__file__).resolve().parents[2] / "docs"
GENERATED = "<!-- Written by tools/docs/settings.py from the code. Do not edit. -->\n\n"

SETTINGS = """\
# Settings

Every setting is a flag, an environment variable and a key of `lockmaster.yaml`. A flag wins over a variable, a variable
over the file, the file over the default. An empty variable counts as unset. `lockmaster settings` shows each effective
value and where it comes from, with secrets masked.

Times are written `500ms`, `30s`, `5m`, `1h`, also `1m30s` and `1.5s`. Switches are `true` or `false`; `--no-NAME` turns
one off. A relative path in `lockmaster.yaml` is relative to that file. A key that is not listed here is an error, an
unknown variable `LOCKMASTER_...` a warning. `steps` is a list of its own: [docs/steps.md](steps.md).
"""

URL = """\
## How the URL is found

The first of these that is there:

1. `--url`, `--url-file`, `--url-env`, in this order; then the same three as variables (`LOCKMASTER_URL`, ...)
2. `url_file`, `url_env` in `lockmaster.yaml`
3. in a Prisma project the variable that its `prisma.config.ts` or its schema names, if it is set
4. `DATABASE_URL`, then `DATABASE_URL_FILE`
5. `url` in `lockmaster.yaml`

The parts (`host`, `port`, `user`, `password`, `dbname`) replace the same part of that URL, unless it came from a
stronger source and has the part already. They are given as they are: Lockmaster does the percent-encoding. So
`DATABASE_URL` may stay the application's, and `LOCKMASTER_USER` with `LOCKMASTER_PASSWORD_FILE` make it the
migrations' own. Without any URL they make one for PostgreSQL. `user` and `password` are put into the direct URL too.
A variable `LOCKMASTER_PORT` that Kubernetes made for a Service (`tcp://...`) is ignored.
"""

EXITS = """\
# Exit codes

They are an interface, for `podFailurePolicy` and scripts, and never change their meaning. "Retry" says whether the same
command may succeed later without a change.

| exit | code | retry | meaning |
|---|---|---|---|
"""

OTHERS = {
    Exit.READY: "Ready: the schema is at the level of the folder; the application may start.",
    Exit.UNEXPECTED: "Unexpected: a bug of Lockmaster. The message says where.",
}

POLICY = """
For a Job, `podFailurePolicy` can stop the retries where they are of no use:

```yaml
podFailurePolicy:
  rules:
    - action: FailJob
      onExitCodes:
        operator: In
        values: [{values}]
```
"""


def settings() -> str:
    """docs/settings.md."""
    groups: dict[str, list[Option]] = {}
    for option in OPTIONS:
        groups.setdefault(option.group, []).append(option)
    parts = [GENERATED + SETTINGS]
    for group, options in groups.items():
        parts.append(f"## {group[0].upper()}{group[1:]}\n\n" + "\n".join(map(_option, options)))
    return "\n".join([*parts, URL])


def _option(option: Option) -> str:
    flags = (f"`{option.short}`, " if option.short else "") + f"`{f'{option.flag} {option.metavar}'.strip()}`"
    key = f", key `{option.key}`" if option.key != "config" else ""
    lines = [f"### {option.key}", "", f"{option.help[0].upper()}{option.help[1:]}.", ""]
    lines.append(f"- flag {flags}, variable `{option.env}`{key}")
    if option.choices:
        lines.append("- one of " + ", ".join(f"`{choice}`" for choice in option.choices))
    if option.default:
        others = "".join(f", for `{command}` `{default}`" for command, default in option.defaults)
        lines.append(f"- default `{option.default}`{others}")
    if option.also:
        lines.append(f"- also from: {option.also}")
    lines.append("- taken by " + ", ".join(f"`{command}`" for command in option.commands))
    return "\n".join([*lines, ""])


def exit_codes() -> str:
    """docs/exit-codes.md."""
    classes = {kind.exit: kind for kind in vars(errors).values() if _is_error(kind)}
    rows = []
    for code in Exit:
        kind = classes.get(code)
        text = OTHERS[code] if kind is None else " ".join((inspect.getdoc(kind) or "").split())
        retry = "yes" if kind and kind.retry else "" if code is Exit.READY else "no"
        rows.append(f"| {int(code)} | {kind.code if kind else ''} | {retry} | {text} |")
    final = [str(int(code)) for code in Exit if code and not (code in classes and classes[code].retry)]
    return GENERATED + EXITS + "\n".join(rows) + "\n" + POLICY.format(values=", ".join(final))


def _is_error(kind: object) -> TypeGuard[type[LockmasterError]]:
    return isinstance(kind, type) and issubclass(kind, LockmasterError) and kind is not LockmasterError


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check name those that differ. 1 when one does."""
    different = 0
    for name, text in {"settings.md": settings(), "exit-codes.md": exit_codes()}.items():
        path = DOCS / name
        if "--check" not in arguments:
            DOCS.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"docs/{name} is not what the code says: run python tools/docs/settings.py", file=sys.stderr)
            different = 1
    return different


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
