"""Targets as they stand on a command line: URLs, and options that count for every target which has use for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.errors import UsageError
from lockmaster.prepare.expand import ExpansionError, expand
from lockmaster.prepare.steps.wait import schemes
from lockmaster.prepare.steps.wait.spec import Wait, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockmaster.prepare.types import Duration


def spec(
    urls: Sequence[str],
    details: Mapping[str, Any],
    environ: Mapping[str, str],
    *,
    limit: Duration | None,
    every: Duration | None,
) -> Wait:
    """The fields of the step that does the same. `${NAME}` is put in here: what a shell puts in, `ps` shows.

    Raises UsageError, also for an option that no target has use for.
    """
    given = {name: _expanded(value, environ) for name, value in details.items()}
    unused = set(given)
    targets: list[str | Wanted] = []
    try:
        for url in (_expanded(item, environ) for item in urls):
            fields = schemes.SCHEMES[schemes.scheme_of(url)].fields
            own = {name: value for name, value in given.items() if name in fields}
            unused -= set(own)
            targets.append(Wanted(url=url, limit=limit, **own))
        if unused:
            name = min(unused)
            takers = ", ".join(scheme for scheme, row in schemes.SCHEMES.items() if name in row.fields)
            raise UsageError(
                f"none of the targets takes --{'header' if name == 'headers' else name}", hint=f"it is for {takers}"
            )
        return Wait(targets=targets, every=every)
    except ValueError as error:
        if isinstance(error.__cause__, UsageError):
            raise error.__cause__ from None
        raise UsageError(str(error), hint="lockmaster wait --help") from None


def header(text: str) -> tuple[str, str]:
    """`Name: value`. Raises UsageError, which does not show the value: it may be a token."""
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError("a --header has no colon", hint="--header 'Name: value'")
    return name.strip(), value.strip()


def _expanded(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _expanded(item, environ) for key, item in value.items()}
    if not isinstance(value, str) or "${" not in value:
        return value
    try:
        return expand(value, environ.get)
    except ExpansionError as error:
        hint = f"set {error.name}, or give a default: ${{{error.name}:-...}}" if error.name else "$${ is a plain ${"
        raise UsageError(str(error), hint=hint) from error
