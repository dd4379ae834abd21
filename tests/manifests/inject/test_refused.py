"""Where an injection cannot be right it is refused, with the line and the next act; where it may be wrong, it is said."""

from __future__ import annotations

from typing import Any

import pytest

from lockmaster.errors import UsageError
from tests.manifests.inject.files import WEB, container, init, injected, told
from tests.manifests.inject.kinds import manifest

PLAIN = manifest("Deployment")
BARE = PLAIN.replace("        command: [npx, prisma, migrate, deploy]\n", "")
# Two mounts at one place are no valid pod, and --remove took the team's own away together with ours.
TAKEN = PLAIN.replace("mountPath: /certs", "mountPath: /lockmaster/", 1)
JOB = manifest("Job")
POD = "      containers:\n"


def spec(text: str) -> str:
    """The application with more in its pod's spec."""
    return WEB.replace("      # the application\n", f"{text}      # the application\n")


@pytest.mark.parametrize(
    ("text", "wish", "place", "message", "hint"),
    [
        (spec("      nodeSelector: {kubernetes.io/os: windows}\n"), {"workloads": ("web",)}, "x:11", "Windows", "Linux node"),
        (spec("      os: {name: windows}\n"), {"all": True}, "", "no workload", "run on Windows"),
        (spec("      hostNetwork: true\n"), {}, "", "no workload", "name it with --workload to inject all the same"),
        (WEB + "      initContainers: [{name: lockmaster}]\n", {}, "x:21", "not of Lockmaster's making", "rename"),
        (WEB + "      volumes: [{name: lockmaster-bundle}]\n", {}, "x:21", "volume lockmaster-bundle", "rename"),
        (TAKEN, {"wrap": "migrate"}, "x:23", "migrate has something at /lockmaster", "another place"),
        (TAKEN, {"replace": "migrate"}, "x:23", "migrate has something at /lockmaster", "another --from"),
        (PLAIN, {"wrap": "web"}, "x:26", "does not end", "leave --wrap"),
        (PLAIN, {"wrap": "cloud-sql-proxy"}, "x:15", "does not end", "leave --wrap"),
        (PLAIN, {"wrap": "none"}, "", "no workload is to be", "no container none, it has cloud-sql-proxy, migrate, web"),
        (PLAIN, {"where": "first"}, "x:15", "cloud-sql-proxy would start after", "--where after:cloud-sql-proxy"),
        (PLAIN, {"where": "after:none"}, "x:14", "no init container none", "there are cloud-sql-proxy, migrate"),
        (BARE, {"replace": "migrate"}, "x:18", "image's own", "--wrap migrate"),
        (BARE, {"wrap": "migrate"}, "x:18", "no command", "--command"),
        (PLAIN, {"wrap": "migrate", "command": "x"}, "x:20", "has a command", "leave --command out"),
        (PLAIN.replace("npx, prisma", "lockmaster"), {"wrap": "migrate"}, "x:20", "runs Lockmaster already", "by hand"),
        (PLAIN, {"replace": "migrate", "source": "image-volume"}, "x:18", "no workingDir", "--dir /app/prisma/migrations"),
        (WEB, {"source": "copy"}, "x:14", "which folder of the image", "--dir"),
        (WEB, {"source": "configmap"}, "", "needs the folder on this machine", "--dir"),
        (WEB, {"where": "between"}, "", "--where between", "after:NAME"),
        (PLAIN, {"wrap": "migrate", "where": "last"}, "", "--where with --wrap", "stays where it is"),
        (PLAIN, {"wrap": "migrate", "source": "copy"}, "", "--wrap with --from copy", "bundle"),
        (PLAIN, {"wrap": "migrate", "replace": "migrate"}, "", "one of them", "keeps the command"),
        (WEB, {"kubernetes_version": "new"}, "", "is no version", "1.35"),
        (WEB, {"source": "nowhere"}, "", "--from nowhere", "image-volume"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused(text: str, wish: dict[str, Any], place: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        injected(text, **wish)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.message.startswith(f"{place}: " if place else "")


def test_neither_has_a_url() -> None:
    with pytest.raises(UsageError, match="migrate has no database's URL, nor has web") as caught:
        injected(PLAIN.replace("DATABASE_URL", "OTHER").replace("postgres:", "other:"), wrap="migrate")
    assert "--url-env" in caught.value.hint
    job = (
        JOB.replace("DATABASE_URL", "OTHER")
        .replace("postgres:", "other:")
        .replace("- name: web\n", "- name: web\n    command: [x]\n")
    )
    job = job.replace("    command: [x]\n", "        command: [x]\n")
    with pytest.raises(UsageError, match=r"web has no database's URL$"):
        injected(job, wrap="web")
    assert "--lease" in injected(job, wrap="web", options=("--lease", "migrations"))


@pytest.mark.parametrize(
    ("text", "wish", "message"),
    [
        (
            WEB.replace(
                "labels: {app: web}\n    spec", 'labels: {app: web, sidecar.istio.io/inject: "true"}\n    spec'
            ),
            {},
            "no network",
        ),
        (spec("      hostNetwork: true\n"), {"workloads": ("web",)}, "the node's network and name"),
        (WEB + "      - {name: cloud-sql-proxy, image: x}\n", {}, "starts after all init containers"),
        (WEB + "      initContainers: [{name: a, command: [npm, run, migrate]}]\n", {}, "a migrates too, as it seems"),
        (WEB + "      initContainers: [{name: a, command: [alembic, upgrade, head]}]\n", {}, "a migrates too"),
        (WEB + "      - {name: start, command: [sh, -c, rails db:migrate && rails s]}\n", {}, "start migrates too"),
    ],
)
def test_what_may_be_wrong_is_a_warning(text: str, wish: dict[str, Any], message: str) -> None:
    warnings = [note for note in told(text, **wish)[1] if note.warning]
    assert [message in note.text for note in warnings] == [True]


def test_rules_of_a_job_for_the_commands_own_exit_statuses_are_mentioned() -> None:
    rule = "{action: FailJob, onExitCodes: {containerName: web, operator: In, values: [42]}}"
    text = JOB.replace("backoffLimit: 3\n", f"backoffLimit: 3\n  podFailurePolicy: {{rules: [{rule}]}}\n")
    text = text.replace("- name: web\n", "- name: web\n        command: [npm, run, migrate]\n")
    assert "podFailurePolicy" in text
    warnings = [note.text for note in told(text, wrap="web")[1] if note.warning]
    assert warnings == ["podFailurePolicy looks at how web ends"]
    assert not [note for note in told(text, wrap="migrate")[1] if note.warning]


def test_a_pod_that_migrates_and_ends_can_be_wrapped() -> None:
    pod = "kind: Pod\nmetadata: {name: once}\nspec:\n  restartPolicy: Never\n  containers:\n"
    text = pod + "  - {name: m, image: x, command: [goose, up], env: [{name: DATABASE_URL, value: x}]}\n"
    (warning,) = [note for note in told(text, all=True)[1] if note.warning]
    assert "--wrap m" in warning.hint


def test_a_look_at_migrations_is_none() -> None:
    text = WEB + "      initContainers: [{name: a, command: [python, manage.py, migrate, --check]}]\n"
    assert not [note for note in told(text)[1] if note.warning]


def test_a_mesh_with_native_sidecars_is_none() -> None:
    native = '{linkerd.io/inject: enabled, config.beta.linkerd.io/proxy-enable-native-sidecar: "true"}'
    labels = f"labels: {{app: web}}\n      annotations: {native}"
    text = WEB.replace("labels: {app: web}\n    spec", f"{labels}\n    spec")
    assert not [note for note in told(text)[1] if note.warning]


def test_ours_stands_behind_a_native_proxy_by_itself() -> None:
    text = PLAIN.replace("command: [npx, prisma, migrate, deploy]", "command: [wait]")
    assert [one["name"] for one in init(injected(text))] == [
        "cloud-sql-proxy",
        "migrate",
        "lockmaster-copy",
        "lockmaster",
    ]
    first = injected(text, where="after:cloud-sql-proxy", source="same-image")
    assert [one["name"] for one in init(first)] == ["cloud-sql-proxy", "lockmaster", "migrate"]


def test_a_command_that_the_manifest_does_not_have_is_named_and_the_args_stay() -> None:
    text = PLAIN.replace("command: [npx, prisma, migrate, deploy]", "args: [run, migrate]")
    made = injected(text, wrap="migrate", command="docker-entrypoint.sh 'a b'")
    wrapped = container(made, "migrate")
    assert wrapped["command"][-3:] == ["--", "docker-entrypoint.sh", "a b"]
    assert wrapped["args"] == ["run", "migrate"]
    assert injected(made, remove=True) == text


def test_a_shells_script_stays_in_args() -> None:
    text = PLAIN.replace(
        "[npx, prisma, migrate, deploy]", '["/bin/sh", "-c"]\n        args: ["npm run migrate && echo $HOME"]'
    )
    wrapped = container(injected(text, wrap="migrate", options=("--once-of", "db")), "migrate")
    assert wrapped["command"] == [
        "/lockmaster/lockmaster", "exec", "--deadline", "15m", "--once-of", "db", "--", "/bin/sh", "-c",
    ]  # fmt: skip
    assert wrapped["args"] == ["npm run migrate && echo $HOME"]


def test_the_container_of_a_job_is_wrapped_and_lockmaster_comes_before_it() -> None:
    text = JOB.replace("- name: web\n", "- name: web\n        command: [npm, run, migrate]\n")
    made = injected(text, wrap="web")
    assert [one["name"] for one in init(made)] == ["cloud-sql-proxy", "migrate", "lockmaster-copy"]
    assert container(made, "web")["command"][-4:] == ["--", "npm", "run", "migrate"]
    assert injected(made, remove=True) == text


def test_a_url_that_only_the_application_has_is_copied_in_order_to_what_is_wrapped() -> None:
    text = (
        WEB
        + "      initContainers:\n      - {name: migrate, image: x, command: [npm], env: [{name: COLOUR, value: red}]}\n"
    )
    made = injected(text, wrap="migrate")
    assert [one["name"] for one in container(made, "migrate")["env"]] == ["COLOUR", "PASSWORD", "DATABASE_URL"]
    assert injected(made, remove=True) == text


def test_a_wrapped_command_that_was_changed_since_is_not_guessed_at() -> None:
    made = injected(PLAIN, wrap="migrate").replace("exec, --deadline, 15m", "exec, --deadline, 5m")
    for wish in ({"remove": True}, {"wrap": "migrate"}):
        with pytest.raises(UsageError, match="was changed since it was wrapped") as caught:
            injected(made, **wish)  # type: ignore[arg-type]
        assert "lockmaster.dev/injected" in caught.value.hint
    with pytest.raises(UsageError, match="the container migrate, which was injected into, is gone"):
        injected(injected(PLAIN, wrap="migrate").replace("- name: migrate", "- name: renamed"), remove=True)
    with pytest.raises(UsageError, match="cannot be read"):
        injected(WEB.replace("  name: web\n", "  name: web\n  annotations: {lockmaster.dev/injected: x}\n", 1))


def test_nothing_to_take_out_is_no_error() -> None:
    text, notes = told(WEB, remove=True)
    assert (text, [note.text for note in notes]) == (WEB, ["nothing of Lockmaster's is in these manifests"])


def test_a_roll_out_that_counts_as_failed_too_soon_is_told_at_its_own_line() -> None:
    """It was told at the application's containers, which have nothing to do with it."""
    text = WEB.replace("spec:\n", "spec:\n  progressDeadlineSeconds: 30\n", 1)
    _, notes = told(text, {}, source="same-image", dir="db")
    (note,) = [note for note in notes if "counts as failed after 30 s" in note.text]
    line = text.splitlines().index("  progressDeadlineSeconds: 30") + 1
    assert note.place == f"x:{line}"
