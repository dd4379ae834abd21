"""Whom TLS trusts, and the certificate that we show."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch


def context_for(spec: Fetch, context: Context, *, own: bool) -> ssl.SSLContext:
    """Trusts `ca`, else what the system trusts and what comes with certifi. The client certificate is for `own` alone."""
    try:
        made = ssl.create_default_context(cafile=context.path(spec.ca) if spec.ca else None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"ca: cannot read {spec.ca}: {_why(error)}", hint="a file with certificates in PEM") from error
    if not spec.ca:
        import certifi

        made.load_verify_locations(certifi.where())
    if spec.cert and own:
        try:
            made.load_cert_chain(context.path(spec.cert), context.path(spec.key))
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"cert: cannot use {spec.cert} with {spec.key}: {_why(error)}", hint="both in PEM"
            ) from error
    return made


def _why(error: OSError) -> str:
    return str(getattr(error, "reason", "") or error.strerror or error)
