"""What the kernel refused, and what to set in the pod so that it does not."""

from __future__ import annotations

import errno
import os

from lockmaster.errors import LockmasterError, StepFailedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.prepare.steps.permissions.entry import Wish

_CHOWN, _DAC_OVERRIDE, _FOWNER = 0, 1, 3  # capabilities(7)
_NAMES = {_CHOWN: "CHOWN", _DAC_OVERRIDE: "DAC_OVERRIDE", _FOWNER: "FOWNER"}


def explained(error: OSError, path: str, wish: Wish) -> LockmasterError:
    """The error with its path, and the next act as its hint."""
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else path
    where = path if where == "." or where.startswith("/proc/self/fd") else where
    return StepFailedError(f"{where}: {error.strerror}", hint=_hint(error, wish))


def _hint(error: OSError, wish: Wish) -> str:
    if error.errno == errno.EROFS:
        return "mounted read-only: readOnly of the volumeMount, or a Secret or ConfigMap (those have defaultMode)"
    if error.errno == errno.EMFILE:
        return "too many folders are open at once: nested too deeply, or raise the limit (ulimit -n)"
    if error.errno not in (errno.EPERM, errno.EACCES):
        return ""
    if os.geteuid() != 0:
        return _not_root(wish)
    missing = [name for number, name in _NAMES.items() if not _capable(number)]
    if missing:
        return f"root without its capabilities: securityContext.capabilities.add: [{', '.join(missing)}]"
    return "root may not: an NFS export with root_squash, an immutable file (lsattr), or a user namespace (hostUsers: false)"


def _not_root(wish: Wish) -> str:
    user, group = wish.owner
    lines = [f"this runs as user {os.geteuid()}, and only root may give files to others. One of these:"]
    named = group if group >= 0 else "GID"
    lines.append(f"  securityContext.fsGroup: {named} of the pod: the kubelet gives the volume to the group")
    if user >= 0:
        lines.append(f"  securityContext.runAsUser: {user}: the files are this user's from the beginning")
    lines.append(
        "  securityContext.runAsUser: 0 for this container alone, with capabilities CHOWN, FOWNER, DAC_OVERRIDE"
    )
    return "\n".join(lines)


def _capable(number: int) -> bool:
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("CapEff:"):
                    return bool(int(line.split()[1], 16) >> number & 1)
    except OSError:
        pass
    return True
