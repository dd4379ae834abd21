"""A variable that is used before it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.inject.needs import references
from lockmaster.manifests.objects import listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="env-order",
    severity="error",
    title="a variable is made of one that stands behind it",
    effect="the kubelet goes through env from top to bottom and leaves what it does not know yet as it is: the program gets "
    "the letters $(NAME) for a password or a host",
    help="move the variable behind those that it is made of",
)


def find(world: World) -> Iterator[Finding]:
    """Every `$(NAME)` in env whose NAME is defined further down, and nowhere before; beside a migration."""
    for workload in world.migrating:
        for container in workload.containers():
            if listed(container.root.get("envFrom")):
                continue  # what is in there comes first, and may have the same name
            env = [mapping(one) for one in listed(container.root.get("env"))]
            names = [text(one.get("name")) for one in env]
            for number, one in enumerate(env):
                value = text(one.get("value"))
                late = [
                    name for name in references(value) if name in names[number + 1 :] and name not in names[:number]
                ]
                if late:
                    message = (
                        f"{names[number]} is made of {', '.join(late)}, which {'stands' if len(late) == 1 else 'stand'}"
                    )
                    yield at(RULE, container, "env", number, message=f"{message} behind it")
