"""What the three ways of injecting have in common: one workload that is changed, in its plain data."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any

from lockmaster.errors import UsageError
from lockmaster.manifests.inject import sources
from lockmaster.manifests.inject.choose import app_container
from lockmaster.manifests.inject.needs import need
from lockmaster.manifests.inject.record import Edit
from lockmaster.manifests.inject.wish import Note
from lockmaster.manifests.objects import listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.manifests.inject.configmap import Files
    from lockmaster.manifests.inject.needs import Keys, Need
    from lockmaster.manifests.inject.wish import Wish
    from lockmaster.manifests.objects import Container, Workload


_SAYS_WHERE = ("--url", "--host", "--lease")  # options that say which database, or that there is none


class Way:
    """`notes` is what there is to say, `config_map` an object that is to stand beside the workload."""

    def __init__(self, workload: Workload, wish: Wish, keys: Keys, files: Callable[[str], Files] | None) -> None:
        self.workload, self.wish, self.keys, self.files = workload, wish, keys, files
        self.notes: list[Note] = []
        self.config_map: dict[str, Any] | None = None
        self.app = app_container(workload, wish, keys)
        self.edit = Edit(workload, wish.mode)

    @property
    def verb(self) -> str:
        return "gate" if self.wish.gate else "migrate"

    def target(self, name: str) -> Container:
        """The container that a person names; one that has an end."""
        item = self.workload.object
        for one in self.workload.containers():
            if one.name != name:
                continue
            if one.sidecar or (one.field == "containers" and not _ends(self.workload)):
                hint = "a migration is an init container, or a container of a Job: leave --wrap and --replace out to add one"
                raise UsageError(
                    f"{one.place()}: {name} does not end, it serves: nobody would get the turn after it", hint=hint
                )
            self._refuse_ours(one)
            return one
        there = ", ".join(one.name for one in self.workload.containers())
        raise UsageError(
            f"{item.place(*self.workload.spec_path)}: {item.title} has no container {name}", hint=f"there are {there}"
        )

    def _refuse_ours(self, target: Container) -> None:
        if target.words and os.path.basename(target.words[0]) == "lockmaster":
            hint = "it was written by hand: change it there"
            raise UsageError(f"{target.place('command')}: {target.name} runs Lockmaster already", hint=hint)

    def need(self, container: Container) -> Need:
        return need(container.root, self.wish.url_env, self.wish.options, self.keys)

    def missing_url(self, target: Container) -> Need:
        """What a team's own container lacks to know the database, from the application's."""
        own = self.need(target)
        if own.found or own.possible or any(option.startswith(_SAYS_WHERE) for option in self.wish.options):
            return own._replace(env=[], env_from=[], mounts=[])
        wanted = self.need(self.app)
        there = {mapping(item).get("name") for item in listed(target.root.get("env"))}
        places = {mapping(item).get("mountPath") for item in listed(target.root.get("volumeMounts"))}
        if not (wanted.found or wanted.possible):
            hint = "DATABASE_URL in its env; or --url-env NAME for another variable"
            nor = "" if target.root is self.app.root else f", nor has {self.app.name}"
            raise UsageError(f"{target.place()}: {target.name} has no database's URL{nor}", hint=hint)
        if wanted.found:
            self.notes.append(
                Note(target.place(), f"the database's URL is copied from {self.app.name} to {target.name}")
            )
        return wanted._replace(
            env=[item for item in wanted.env if item.get("name") not in there],
            mounts=[item for item in wanted.mounts if item.get("mountPath") not in places],
        )

    def options(self, wanted: Need, *, target_dir: str, format_: str = "") -> list[str]:
        pairs = (("--dir", target_dir), ("--format", format_), ("--url-env", wanted.url_env))
        words = [word for name, value in pairs if value for word in (name, value)]
        limit = self.wish.deadline
        return [
            *words,
            *(("--deadline", limit) if limit not in ("", "0") and "--deadline" not in self.wish.options else ()),
        ]

    def command(self, found: sources.Supply, wanted: Need, format_: str) -> list[str]:
        options = self.options(wanted, target_dir=found.folder, format_=format_)
        return [found.program, self.verb, *options, *self.wish.options]

    def supply(self, container: Container, folder: str) -> sources.Supply:
        owner = self.workload.object.name
        asked = sources.Asked(self.wish, container.root, folder, container.place(), owner, self.files)
        found, said = sources.supply(asked)
        if said:
            self.notes.append(Note(container.place(), said))
        self.config_map = found.config_map
        return found

    def bring(self, found: sources.Supply, number: int) -> None:
        self.bring_all(found.init, found.volumes, number)

    def bring_all(self, init: tuple[dict[str, Any], ...], volumes: tuple[dict[str, Any], ...], number: int) -> None:
        for offset, one in enumerate(init):
            self.edit.init(one, number + offset)
        for volume in volumes:
            self.edit.volume(volume)

    def number(self) -> int:
        """Where a new init container stands among the others."""
        there = [text(mapping(one).get("name")) for one in listed(self.workload.spec.get("initContainers"))]
        where, _, name = (self.wish.where or "last").partition(":")
        if where in ("first", "last"):
            return 0 if where == "first" else len(there)
        if name not in there:
            place = self.workload.object.place(*self.workload.spec_path, "initContainers")
            hint = f"there are {', '.join(there)}" if there else "there are none: leave --where out"
            raise UsageError(f"{place}: --where {self.wish.where}: there is no init container {name}", hint=hint)
        return there.index(name) + (where == "after")

    def say(self, text_: str, container: Container) -> None:
        self.notes.append(Note(container.place(), text_))


def _ends(workload: Workload) -> bool:
    return workload.object.kind in ("Job", "CronJob") or workload.spec.get("restartPolicy") in ("Never", "OnFailure")
