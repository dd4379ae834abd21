"""lockmaster kube build: complete manifests for one way to run migrations, on stdout or as files."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.manifests.build import files, run, valid, wishing

    pattern = valid.choice(call.flags.get("pattern", "init"), "--pattern", run.PATTERNS)
    wish = wishing.wishing(call.flags, call.listed("proxy_arg"), call.options, _settings(call))
    made = run.build(pattern, wish)
    if folder := call.flags.get("output"):
        for path in files.write(folder, made, force=call.asked("force")):
            call.print(path)
    else:
        call.stdout.write(files.together(made))
    return 0


def _settings(call: Call) -> dict[str, str]:
    """What lockmaster.yaml says about migrating: it may be in no image, so the containers are told."""
    import os

    from lockmaster.settings.resolving import resolve

    named = {key: found.text for key, found in call.resolved.found.items() if key == "config"}
    return {
        key: found.text for key, found in resolve("migrate", named, {}, os.getcwd()).found.items() if key not in named
    }
