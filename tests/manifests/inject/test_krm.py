"""A ResourceList, as kustomize gives it: its functionConfig is the wish, the rest stays."""

from __future__ import annotations

import pytest

from lockmaster.errors import UsageError
from lockmaster.manifests.stream import Stream, plain
from tests.manifests.inject.files import WEB, injected

ITEM = "".join(f"  {line}" for line in WEB.splitlines(keepends=True))[2:]
LIST = f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {ITEM}- kind: Service\n  metadata: {{name: web}}\n"


def given(config: str) -> str:
    return f"{LIST}functionConfig:\n  {config}\n"


def spec(text: str) -> object:
    return plain(Stream("x", text).documents[0].root)["items"][0]["spec"]


@pytest.mark.parametrize(
    "config",
    [
        "{kind: Inject, spec: {from: same-image, deadline: 5m, gate: true, options: [--ahead, fail]}}",
        "{kind: ConfigMap, data: {from: same-image, deadline: 5m, gate: 'true', options: --ahead fail}}",
    ],
)
def test_the_function_config_is_the_wish(config: str) -> None:
    made = injected(given(config))
    alone = injected(WEB, source="same-image", deadline="5m", gate=True, options=("--ahead", "fail"))
    assert spec(made) == plain(Stream("x", alone).documents[0].root)["spec"]
    assert "# made here" in made
    assert injected(made.partition("functionConfig:")[0], remove=True) == LIST


def test_it_counts_more_than_the_command_line() -> None:
    assert "5m" in injected(given("{spec: {deadline: 5m}}"), deadline="1m")


@pytest.mark.parametrize(
    ("config", "message", "hint"),
    [
        ("{spec: {wrapp: migrate}}", "wrapp is not known", "did you mean wrap?"),
        ("{spec: {gate: perhaps}}", "gate: 'perhaps' is neither true nor false", "gate: true"),
        ("{spec: {wrap: [migrate]}}", "wrap is a text", "wrap: ..."),
    ],
)
def test_what_it_cannot_mean_is_told_with_its_line(config: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        injected(given(config))
    assert caught.value.message == f"x:{given(config).count(chr(10))}: {message}"
    assert caught.value.hint == hint
