"""Scripts cut into commands, and failures that are hidden in them."""

from __future__ import annotations

import json

import pytest

from lockmaster.manifests.check.images import image
from lockmaster.manifests.check.run import checks, examine
from lockmaster.manifests.check.shell import read
from lockmaster.manifests.stream import Stream


@pytest.mark.parametrize(
    ("words", "commands"),
    [
        (["npm", "run", "a"], ["npm run a"]),
        (["sh", "-c", "a b && c || d; e | f & g"], ["a b", "c", "d", "e", "f", "g"]),
        (["/bin/bash", "-euo", "pipefail", "-c", "a\nb"], ["set -euo pipefail", "a", "b"]),
        (["bash", "-ec", "a"], ["set -ec", "a"]),
        (["busybox", "sh", "-c", "a;b"], ["a", "b"]),
        (["sh", "-c", "(a; b) && c"], ["a", "b", "c"]),
        (["sh", "-c", "if a; then b; else c; fi"], ["a", "b", "c"]),
        (["sh", "-c", "until a; do b; done; c"], ["a", "b", "c"]),
        (["sh", "-c", "a \\\n  --b # why\n# not this\nc"], ["a --b", "c"]),
        (["sh", "-c", "a 'x; y' \"z && w\""], ["a x; y z && w"]),
        (["sh", "-c", "a > /log 2>&1&&b"], ["a >/log 2>&1", "b"]),
        (["sh", "-c", "echo 'open"], []),
        (["sh", "script.sh"], ["sh script.sh"]),
        (["sh", "-c"], ["sh -c"]),
        ([], []),
    ],
)
def test_the_commands(words: list[str], commands: list[str]) -> None:
    assert [command.text for command in read(words).commands] == commands


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("npm run migrate", ""),
        ("npm run migrate && npm start", ""),
        ("set -e; npm run migrate; npm start", ""),
        ("npm run migrate || exit 1", ""),
        ("npm run migrate || (echo failed; exit 1)", ""),
        ("npm run migrate || { echo failed >&2; exit 1; }; npm start", ""),
        ("npm run migrate || { echo failed && false; }", ""),
        ("npm run migrate || (echo failed; exit 0)", "'echo failed' makes a success of it"),
        ("npm run migrate || echo failed; npm test || exit 1", "'echo failed' makes a success of it"),
        ("npm run migrate | tee /log; exit ${PIPESTATUS[0]}", ""),
        ("npm run migrate\nrc=$?\nexit $rc", ""),
        ("if ! npm run migrate; then exit 1; fi; npm start", ""),
        ("until npm run migrate; do sleep 5; done", ""),
        ("set -o pipefail; npm run migrate | tee /log", ""),
        ("npm run migrate || true", "'true' makes a success of it"),
        ("npm run migrate; npm start", "'npm start' runs all the same"),
        ("npm run migrate | tee /log", "the exit status is that of 'tee', behind the pipe"),
        ("npm run migrate & npm start", "nobody waits for it: it runs in the background"),
        ("npm run migrate && echo done || echo failed", "'echo failed' makes a success of it"),
        ("set -e\nnpm run migrate && echo done\nnpm start", "'npm start' runs all the same"),
    ],
)
def test_a_failure_that_is_hidden(script: str, how: str) -> None:
    pod = {"initContainers": [{"name": "a", "command": ["sh", "-c", script]}], "containers": [{"name": "web"}]}
    stream = Stream("x", json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": pod}))
    messages = [one.message for one in examine([stream], checks(only=("exit-code-lost",))).findings]
    assert messages == ([f"when 'npm run migrate' fails {how}"] if how else [])


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (["npx prisma migrate deploy"], True),
        (["npm run migrate", "--", "-v"], True),
        (["/opt/my app/migrate", "up"], False),
        (["sh", "-c", "npm run migrate"], False),
        (["npm", "run migrate"], False),
    ],
)
def test_a_command_line_is_no_programs_name(command: list[str], *, wrong: bool) -> None:
    pod = {"initContainers": [{"name": "migrate", "command": command}], "containers": [{"name": "web"}]}
    stream = Stream("x", json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": pod}))
    messages = [one.message for one in examine([stream], checks(only=("shell-syntax",))).findings]
    assert messages == ([f"there is no program {command[0]!r}: no shell cuts it into words"] if wrong else [])


@pytest.mark.parametrize(
    ("name", "repository", "tag", "pinned"),
    [
        ("app", "app", "", False),
        ("docker.io/library/app:1", "app", "1", True),
        ("localhost:5000/team/app", "localhost:5000/team/app", "", False),
        ("localhost:5000/app:latest", "localhost:5000/app", "latest", False),
        ("app:postgresql-latest", "app", "postgresql-latest", False),
        ("app:main", "app", "main", False),
        ("app:latest@sha256:00", "app", "latest", True),
        ("app@sha256:00", "app", "", True),
    ],
)
def test_the_name_of_an_image(name: str, repository: str, tag: str, *, pinned: bool) -> None:
    found = image(name)
    assert (found.repository, found.tag, found.pinned) == (repository, tag, pinned)
