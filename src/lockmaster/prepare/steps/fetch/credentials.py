"""What a step says of tokens and passwords, from the step itself or from files; each is masked from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lockmaster.errors import UsageError

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_MOST = 1 << 16


def token_of(spec: Fetch, context: Context) -> str:
    """The token, "" if there is none."""
    return _secret(spec.token, spec.token_file, "token_file", context)


def login_of(spec: Fetch, context: Context) -> tuple[str, str]:
    """User and password, from their fields or from the address; empty where there is none."""
    parts = urlsplit(spec.source)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    context.hide(password)
    return spec.username or user, _secret(spec.password, spec.password_file, "password_file", context) or password


def _secret(text: str, path: str, name: str, context: Context) -> str:
    if path and not text:
        try:
            with open(context.path(path), encoding="utf-8") as file:
                text = file.read(_MOST).strip()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8"
            raise UsageError(f"{name}: cannot read {path}: {why}", hint="mount the Secret there") from error
    context.hide(text)
    return text
