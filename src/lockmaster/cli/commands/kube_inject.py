"""lockmaster kube inject FILE...: Lockmaster put into manifests. stdout has the manifests and nothing else."""

from __future__ import annotations

import sys

from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call
    from lockmaster.manifests.inject.wish import Wish


def run(call: Call) -> int:
    from lockmaster.events import Warned
    from lockmaster.manifests.check.passwords import secrets
    from lockmaster.manifests.inject.files import difference, folder, rewrite
    from lockmaster.manifests.inject.run import inject
    from lockmaster.manifests.objects import objects, workloads
    from lockmaster.manifests.stream import read
    from lockmaster.step_events import Changed

    if call.asked("in_place") and "-" in call.words:
        raise UsageError(
            "--in-place needs files, and - is stdin", hint="lockmaster kube inject - < old.yaml > new.yaml"
        )
    streams = [read(path, sys.stdin) for path in call.words]
    before = [stream.text for stream in streams]
    for note in inject(streams, _wish(call), folder):
        what = f"{note.place}: {note.text}" if note.place else note.text
        call.emit(
            Warned(what, note.hint)
            if note.warning
            else Changed("inject", f"{what} ({note.hint})" if note.hint else what)
        )
    for stream, old in zip(streams, before, strict=True):
        if call.asked("diff"):
            call.stdout.write(difference(stream.name, old, stream.text, secrets(workloads(objects([stream])))))
        elif not call.asked("in_place"):
            apart = stream is not streams[0] and not stream.text.startswith("---")
            call.stdout.write("---\n" + stream.text if apart else stream.text)
    if not call.asked("diff") and call.asked("in_place"):
        rewrite(
            [
                (path, stream.text)
                for path, stream, old in zip(call.words, streams, before, strict=True)
                if stream.text != old
            ]
        )
    return 0


def _wish(call: Call) -> Wish:
    from lockmaster.manifests.inject.wish import Wish
    from lockmaster.settings.durations import duration

    texts = (
        "container",
        "wrap",
        "replace",
        "where",
        "kubernetes_version",
        "image",
        "deadline",
        "dir",
        "url_env",
        "command",
    )
    said = {key: call.flags[key] for key in texts if key in call.flags}
    if "deadline" in said:
        try:
            duration(said["deadline"])
        except UsageError as error:
            raise UsageError(f"flag --deadline: {error.message}", hint=error.hint) from None
    _known(call.rest, "exec" if "wrap" in said else "gate" if call.asked("gate") else "migrate")
    return Wish(
        **said,
        source=call.flags.get("from", ""),
        workloads=call.listed("workload"),
        all=call.asked("all"),
        remove=call.asked("remove"),
        gate=call.asked("gate"),
        options=call.rest,
    )


def _known(options: tuple[str, ...], command: str) -> None:
    """Raise UsageError for an option that the container's own command line would refuse, in every pod."""
    from lockmaster.cli.parse import parse

    try:
        parse([command, *options, *(("--", "CMD") if command == "exec" else ())])
    except UsageError as error:
        raise UsageError(f"behind --: {error.message}", hint=error.hint) from None
