"""Why a look failed, in a few words that stay the same as long as the cause does."""

from __future__ import annotations

import errno
import os
import socket
import sys

from lockmaster.errors import LockmasterError
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.looking import Target

_NO_SUCH_NAME = frozenset(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if hasattr(socket, name)
)
_REACHED_NOBODY = frozenset({errno.ECONNREFUSED, errno.ENOENT})


def seen(probe: object, target: Target, look: Look) -> Seen:
    """One look: what the probe found, or why it found nothing. Raises only what no other look can make better."""
    try:
        return probe.probe(target, look)  # type: ignore[attr-defined,no-any-return]
    except NotReadyError as error:
        return Seen(ready=False, state=str(error))
    except TimeoutError:
        return look.no_answer()
    except (OSError, EOFError) as error:
        return explained(error, look)
    except LockmasterError:
        raise
    except Exception as error:  # noqa: BLE001 - a surprise in a client is a state like any other, and may pass
        lines = str(error).splitlines() or [""]
        return Seen(ready=False, state=f"{look.doing}: {type(error).__name__}: {lines[0][:300]}")


def explained(error: BaseException, look: Look) -> Seen:
    """What an error of the network, or of a file, means."""
    ssl = sys.modules.get("ssl")  # who never used it cannot have failed in it
    if ssl and isinstance(error, ssl.SSLCertVerificationError):
        return Seen(ready=False, state=f"TLS: {error.verify_message.rstrip('.')}")
    if ssl and isinstance(error, ssl.SSLError):
        return Seen(ready=False, state=f"TLS: {(error.reason or str(error)).lower().replace('_', ' ')}")
    if isinstance(error, socket.gaierror):
        absent = error.errno in _NO_SUCH_NAME
        return Seen(ready=False, state=f"{look.doing}: {(error.strerror or '').lower()}", absent=absent)
    if isinstance(error, EOFError | ConnectionResetError | BrokenPipeError):
        how = "reset" if isinstance(error, ConnectionResetError) else "closed"
        return Seen(ready=False, state=f"{look.doing}: the other side {how} the connection")
    path = getattr(error, "filename", None)
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    if isinstance(path, str | bytes):
        return Seen(ready=False, state=f"cannot read {os.fsdecode(path)}: {text.lower()}")
    number = error.errno if isinstance(error, OSError) else None
    return Seen(ready=False, state=text[:1].lower() + text[1:], absent=number in _REACHED_NOBODY)
