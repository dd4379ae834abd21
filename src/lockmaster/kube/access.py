"""What somebody must be allowed to do, as the lines of a Role; and the error when he is not."""

from __future__ import annotations

import re

from lockmaster.errors import AccessDeniedError
from lockmaster.values import NamedTuple

_USER = re.compile(r'User "([^"]+)"')
_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")


class ForbiddenError(AccessDeniedError):
    """403: we are known, and may not do this; a 401 is AccessDeniedError itself."""


class Access(NamedTuple):
    """Some verbs on one resource. Without a name: on all of its objects (who lists or makes one cannot name it)."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    namespace: str = ""  # "" for what stands in none
    name: str = ""

    def rule(self) -> str:
        """The rule, as it stands in a Role's YAML."""
        lines = [f'- apiGroups: ["{self.group}"]', f'resources: ["{self.resource}"]']
        if self.name:
            lines.append(f'resourceNames: ["{self.name}"]')
        lines.append("verbs: [" + ", ".join(f'"{verb}"' for verb in self.verbs) + "]")
        return "\n  ".join(lines)

    @property
    def what(self) -> str:
        """`jobs.batch migrate`, as kubectl calls it."""
        return f"{self.resource}{'.' if self.group else ''}{self.group}{f' {self.name}' if self.name else ''}"


def forbidden(rights: tuple[Access, ...], said: str, verb: str) -> ForbiddenError:
    """What a 403 means. `rights` is all that the work needs, so that one look at the Role is enough; `said` the server's."""
    found = _USER.search(said)
    user = found[1] if found else "this user"
    account = _ACCOUNT.fullmatch(user)
    first = next((one for one in rights if verb in one.verbs), rights[0])
    who = f"service account {account[2]}" if account else user
    where = f" in namespace {first.namespace}" if first.namespace else ""
    kind = "Role" if first.namespace else "ClusterRole"
    rules = "\n".join(access.rule() for access in rights)
    verb = verb if verb in first.verbs else first.verbs[0]  # what HTTP calls GET may be a list
    return ForbiddenError(
        f"{who} may not {verb} {first.what}{where}",
        hint=f"bind it ({user}) to a {kind}{where} with\n{rules}",
        details={"kubernetes": said},
    )


def unknown(said: str) -> AccessDeniedError:
    """What a 401 means."""
    return AccessDeniedError(
        "the Kubernetes API server does not know who we are",
        hint="the token is expired, or of another cluster: look at the service account's token, or at the kubeconfig",
        details={"kubernetes": said} if said else None,
    )
