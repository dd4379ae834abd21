"""A password that is pasted into a URL by the kubelet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="url-interpolation",
    severity="warning",
    title="a password is pasted into a URL",
    effect="with @ : / # ? or % in the password the URL means something else: a wrong host, or a refused login; "
    "a rotated password breaks it months later",
    help="keep the whole URL in the Secret, percent-encoded; or give Lockmaster the parts (LOCKMASTER_HOST, "
    "LOCKMASTER_USER, LOCKMASTER_PASSWORD_FILE): it does the encoding",
)
_PASTED = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]*:\$[({]?\w+[)}]?@")


def find(world: World) -> Iterator[Finding]:
    """Every URL with `$(PASSWORD)` in it, beside a migration."""
    for workload in world.migrating:
        for container in workload.containers():
            for number, one in enumerate(map(mapping, listed(container.root.get("env")))):
                if _PASTED.search(text(one.get("value"))):
                    message = f"the password is pasted into {text(one.get('name'))} without percent-encoding"
                    yield at(RULE, container, "env", number, message=message)
            for field in ("command", "args"):
                for number, word in enumerate(listed(container.root.get(field))):
                    if _PASTED.search(text(word)):
                        message = f"the password is pasted into a URL in {field} without percent-encoding"
                        yield at(RULE, container, field, number, message=message)
