"""The bundle's first lines of Python (there it is called `_bundle`): the pod's environment, and where TLS finds its files.

`os.environ`, and so the environment of every program that is started, is exactly what the pod has. `os.putenv` goes past it:
what is set so is seen by the C libraries of this process alone.
"""

from __future__ import annotations

import os
import sys

KEPT = "LOCKMASTER_BUNDLE_KEPT_"
_AUTHORITIES = (  # where images keep them: Debian and Alpine, Red Hat, SUSE, BSD's habit
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def restore(environ: os._Environ[str]) -> None:
    """Undo what the launcher and the interpreter did to the environment."""
    environ.pop("LC_CTYPE", None)  # Python sets it, and exports it, where the locale is C
    for name in ("LD_PRELOAD", "LD_AUDIT", "LC_CTYPE"):
        value = environ.pop(KEPT + name, None)
        if value is not None:
            environ[name] = value  # the loader has done its work: here it means nothing any more


def settle(root: str) -> None:
    """Everything that a process of the bundle needs before its first import."""
    environ = os.environ
    restore(environ)
    sys.path.append(root + "/extras/packages")
    # An image's openssl.cnf, or its OPENSSL_CONF, may name modules of the image: they are not for our OpenSSL.
    os.putenv("OPENSSL_CONF", root + "/lib/openssl.cnf")
    if "SSL_CERT_FILE" not in environ and "SSL_CERT_DIR" not in environ:
        found = [path for path in _AUTHORITIES if os.path.exists(path)]
        os.putenv("SSL_CERT_FILE", found[0] if found else root + "/lib/authorities.pem")


def main() -> None:
    """Be `lockmaster`."""
    settle(sys.prefix)
    from lockmaster.cli.__main__ import main as run

    run()
