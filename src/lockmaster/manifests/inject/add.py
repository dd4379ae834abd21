"""An init container of ours, added to a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests import names
from lockmaster.manifests.inject import checks, parts

if TYPE_CHECKING:
    from lockmaster.manifests.inject.way import Way


def add(way: Way) -> None:
    """One container that migrates before the application starts, with what it needs from the application's."""
    wanted = way.need(way.app)
    found = way.supply(way.app, way.wish.dir)
    command = way.command(found, wanted, "")
    made = (
        parts.of_app(names.CONTAINER, way.app.root, command)
        if found.of_app
        else parts.ours(names.CONTAINER, found.image, command)
    )
    env = [*wanted.env, *parts.pod_variables(wanted.env)]
    made |= {"env": env, "envFrom": wanted.env_from, "volumeMounts": [*wanted.mounts, *found.mounts]}
    order = ("name", "image", "imagePullPolicy", "workingDir", "command", "env", "envFrom", "volumeMounts")
    made = {key: made[key] for key in (*order, *made) if made.get(key)}
    number = way.number()
    checks.order(way.workload, number)
    way.bring(found, number)
    way.edit.init(made, number + len(found.init))
    way.say(f"{names.CONTAINER} is added to {way.workload.object.title}", way.app)
