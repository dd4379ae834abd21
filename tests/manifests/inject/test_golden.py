"""The two example manifests, in each way, as files that people can read: expected/.

After a change that is meant: LOCKMASTER_GOLDEN=write, and look at the difference.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from lockmaster.manifests.stream import Stream, plain
from tests.manifests.inject.files import EXAMPLES, EXPECTED, injected, only

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "web-wrap": ("web-with-migration", {"wrap": "migrate"}),
    "web-replace": ("web-with-migration", {"replace": "migrate", "dir": "migrations"}),
    "web-replace-configmap": ("web-with-migration", {"replace": "migrate", "dir": "db", "source": "configmap"}),
    "web-add": ("web-with-migration", {"where": "before:migrate", "options": ("--ddl-lock-timeout", "1s")}),
    "backend-wrap": ("my-backend", {"wrap": "prisma-migrate", "deadline": "0"}),
    "backend-replace": ("my-backend", {"replace": "prisma-migrate"}),
    "backend-replace-image-volume": (
        "my-backend",
        {"replace": "prisma-migrate", "dir": "/app/prisma/migrations", "kubernetes_version": "1.36"},
    ),
    "backend-replace-copy": ("my-backend", {"replace": "prisma-migrate", "source": "copy"}),
    "backend-replace-same-image": ("my-backend", {"replace": "prisma-migrate", "source": "same-image"}),
}
FILES = {"0001_users.sql": b"create table users (id int);\n", "0002_on.sql": b"select 1;\n"}


@pytest.mark.parametrize("case", CASES)
def test_the_example_manifests_become_what_is_in_the_files(case: str) -> None:
    name, wish = CASES[case]
    text = (EXAMPLES / f"{name}.yaml").read_text()
    made = injected(text, FILES, **wish)
    expected = EXPECTED / f"{case}.yaml"
    if os.environ.get("LOCKMASTER_GOLDEN") == "write":
        expected.write_text(made)
    assert made == expected.read_text()


@pytest.mark.parametrize("case", CASES)
def test_twice_is_as_once_and_taken_out_it_is_the_file_of_before(case: str) -> None:
    name, wish = CASES[case]
    text = (EXAMPLES / f"{name}.yaml").read_text()
    made = injected(text, FILES, **wish)
    assert injected(made, FILES, **wish) == made
    back = injected(made, remove=True)
    assert json.dumps(plain(only(back).object.root)) == json.dumps(plain(only(text).object.root))  # in the same order
    if "replace" not in case:  # a replaced command comes back as plain words, its quotes do not
        assert back == text


@pytest.mark.parametrize(
    ("one", "other"), [("web-wrap", "web-replace-configmap"), ("web-replace-configmap", "web-add")]
)
def test_another_wish_takes_the_place_of_the_earlier_one(one: str, other: str) -> None:
    again = injected((EXPECTED / f"{one}.yaml").read_text(), FILES, **CASES[other][1])
    expected = (EXPECTED / f"{other}.yaml").read_text()
    assert [plain(document.root) for document in Stream("x", again).documents] == [
        plain(document.root) for document in Stream("x", expected).documents
    ]
