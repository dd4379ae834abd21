"""Where values come from, and which of two wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError, UsageError

if TYPE_CHECKING:
    from tests.steps.render.conftest import Step


def test_the_stronger_source_wins(step: Step) -> None:
    """values, then the last of vars, then the environment: a Service's variable must not replace what was written."""
    step.env |= {"REDIS_PORT": "tcp://10.0.0.7:6379", "A": "env", "B": "env", "C": "env", "D": "env"}
    step.write("one.yaml", "REDIS_PORT: 6379\nA: one\nB: one\nC: one\n")
    step.write("two.json", '{"A": "two", "B": "two"}')
    template = "{{ REDIS_PORT }} {{ A }} {{ B }} {{ C }} {{ D }} {{ env.REDIS_PORT }}"
    made = step.text(template, vars=["one.yaml", "two.json"], values={"A": "own"})
    assert made == "6379 own two one env tcp://10.0.0.7:6379"


def test_all_kinds_of_files(step: Step) -> None:
    step.write("a.yaml", "a: {b: [1, 0644, yes, true]}\n")
    step.write("b.json", '\ufeff{"c": null}')
    step.write("c.toml", "[d]\ne = 1979-05-27\n")
    step.write("x.env", '# all\nexport F=plain # not this\nG=\'it # $x\'\nH="a\\nb\\"c"\nI=\n')
    step.write(".env", "J=j\r\n")
    made = step.text(
        "{{ a.b }} {{ c }} {{ d.e }} {{ F }}|{{ G }}|{{ H }}|{{ I }}|{{ J }}",
        vars=["a.yaml", "b.json", "c.toml", "x.env", ".env"],
    )
    assert made == "[1, '0644', 'yes', True] None 1979-05-27 plain|it # $x|a\nb\"c||j"


def test_a_mounted_secret_is_one_value_per_file(step: Step) -> None:
    """One version of it, through the kubelet's links; one line end less; what is binary as Base64; keys that are no names."""
    step.write("secret/..2026_1/password", "hunter2\n")
    step.write("secret/..2026_1/tls.crt", "a\nb\n\n")
    step.write("secret/..2026_1/key.bin", b"\xff\0")
    step.write("secret/..2026_1/.dockerconfigjson", "{}")
    (step.folder / "secret/..data").symlink_to("..2026_1")
    for name in ("password", "tls.crt", "key.bin", ".dockerconfigjson"):
        (step.folder / "secret" / name).symlink_to(f"..data/{name}")
    template = "{{ password }}|{{ s['tls.crt'] }}|{{ s['key.bin'] | b64encode }}|{{ s['.dockerconfigjson'] }}"
    assert step.text(template, vars=["s=secret", "secret"]) == "hunter2|a\nb\n|/wA=|{}"
    assert "hunter2" in step.hidden
    with pytest.raises(StepFailedError, match="the value is binary: b64encode"):
        step.text("{{ s['key.bin'] }}", vars=["s=secret"])


def test_values_that_look_secret_are_hidden(step: Step) -> None:
    step.env |= {"API_TOKEN": "tok-1234", "URL": "postgres://u:hunter2@db/x", "PWD": "/srv", "PLAIN": "plain"}
    step.write("run/secrets/app.yaml", "anything: top-most\n")
    step.write("a.yaml", "db: {password: pass-word, name: shop}\n")
    step.text("x", vars=["a.yaml", "run/secrets/app.yaml"], values={"key": "own-key"})
    assert set(step.hidden) == {"tok-1234", "postgres://u:hunter2@db/x", "top-most", "pass-word", "own-key"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "a: 1\nb: [", r"a.yaml:[23]: "),
        ("a.yaml", "- a\n", r"a.yaml: there are no names with values in it"),
        ("a.yaml", "a: 1\na: 2\n", r"a.yaml:2: a is there twice"),
        ("a.json", '{"a":\n}', r"a.json:2: Expecting value"),
        ("a.json", "[]", r"a.json: there are no names"),
        ("a.toml", "a = 1\nb = \n", r"a.toml:2: Invalid value"),
        ("a.env", "A=1\nnonsense\n", r"a.env:2: no NAME=text"),
        ("a.env", b"\xff", r"a.env: not UTF-8"),
        ("a.ini", "x", r"a.ini: not a kind of file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(step: Step, name: str, text: str, message: str) -> None:
    step.write(name, text)
    with pytest.raises(UsageError, match=message):
        step.text("x", vars=name)
    with pytest.raises(UsageError, match=r"gone.yaml: not there"):
        step.text("x", vars="gone.yaml")
