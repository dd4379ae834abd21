"""Jinja: what is not set is an error with its line, the sandbox holds, and filters write what their readers read."""

from __future__ import annotations

import subprocess
import tomllib
from io import StringIO
from json import loads
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lockmaster.errors import StepFailedError, StoppedError
from lockmaster.prepare.steps.render import filters
from tests.support.needs import need_program

if TYPE_CHECKING:
    from tests.steps.render.conftest import Step


@pytest.mark.parametrize(
    ("template", "message", "hint"),
    [
        ("a\n{{ db_hots }}\n", "t.j2:2: db_hots is not set", "did you mean db_host?"),
        ("{{ db.hots }}", "t.j2:1: hots is not set", "did you mean host?"),
        ("{{ db.zzz }}", "t.j2:1: zzz is not set", "it has host, port"),
        ("{{ nothing.at.all }}", "t.j2:1: nothing is not set", "set it, or give a default: {{ nothing | default('...') }}"),
        ("\n\n{% if db_hots == 'x' %}{% endif %}", "t.j2:3: db_hots is not set", "did you mean db_host?"),
        ("\n{% for x in zzzz %}{% endfor %}", "t.j2:2: zzzz is not set", "set it"),
        ("\n{{ zzzz | json }}", "t.j2:2: zzzz is not set", "set it"),
        ("{{ {'a': [zzzz]} | yaml }}", "t.j2:1: zzzz is not set", "set it"),
        ("a\n{% if %}", "t.j2:2: Expected an expression, got 'end of statement block'", ""),
        ("{{ a | jsn }}", "t.j2:1: No filter named 'jsn'", "did you mean json?"),
        ("\n{% for x in [] %}", "t.j2:2: Unexpected end of template", ""),
        ("{{ 1 / 0 }}", "t.j2:1: ZeroDivisionError: division by zero", ""),
        ("{% include 'none.j2' %}", "t.j2:1: none.j2 is not in the template's folder", "only files in it"),
        ("{{ 'x' | b64decode }}", "t.j2:1: b64decode: the value is not Base64 of a text", ""),
        ("{% include 't.j2' %}", "nested too deeply", "does a template include itself?"),
    ],
)  # fmt: skip
def test_errors_name_file_and_line_and_what_was_meant(step: Step, template: str, message: str, hint: str) -> None:
    with pytest.raises(StepFailedError) as raised:
        step.text(template, values={"db_host": "h", "db": {"host": "h", "port": 1}})
    assert message in raised.value.message
    assert hint in raised.value.hint
    assert not (step.folder / "made").exists()


def test_the_line_itself_is_shown(step: Step) -> None:
    with pytest.raises(StepFailedError) as raised:
        step.text("a\n  host = {{ hots }}\n")
    assert raised.value.details == {"line": "host = {{ hots }}"}


def test_an_error_in_an_included_file_is_named_there(step: Step) -> None:
    step.write("parts/p.j2", "\n\n{{ missing }}")
    with pytest.raises(StepFailedError, match=r"^parts/p.j2:3: missing is not set"):
        step.text("{% include 'parts/p.j2' %}")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ [].__class__.__base__.__subclasses__() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum.__globals__ }}",
        "{{ '{0.__class__}'.format('') }}",
        "{{ env.__class__ }}",
        "{{ range(10**12) | list }}",
        "{% for x in range(10**12) %}{% endfor %}",
        "{{ 'x' * 10**10 }}",
        "{{ [0] * 10**10 }}",
        "{{ 9 ** 99999999 }}",
        "{% include '/etc/passwd' %}",
        "{% include '../secret' %}",
        "{% include 'link' %}",
        "{% import '../secret' as x %}",
        "{% extends 'folder/passwd' %}",
    ],
)
def test_the_sandbox_holds(step: Step, template: str) -> None:
    """A template reaches its values and the files beside it, and not the interpreter, other files or all memory."""
    step.write("secret", "TOP")
    step.write("in/link", "x").unlink()
    (step.folder / "in/link").symlink_to("../secret")
    (step.folder / "in/folder").symlink_to("/etc")
    step.write("in/t.j2", template)
    with pytest.raises(StepFailedError) as raised:
        step("in/t.j2", "made")
    assert "in/t.j2:1: " in raised.value.message
    assert not (step.folder / "made").exists()


def test_a_result_without_end_is_ended(step: Step) -> None:
    line = "{% for a in range(90000) %}{% for b in range(90000) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}"
    with pytest.raises(StepFailedError, match="the result is larger than 64Mi"):
        step.text(line)
    step.stop.request("SIGTERM")
    with pytest.raises(StoppedError):
        step.text(line)


def test_includes_beside_the_template_work_with_the_line_ends_of_who_includes(step: Step) -> None:
    step.write("part.j2", "b\nc\n")
    assert step.text("a\r\n{% include 'part.j2' %}\r\n") == "a\r\nb\r\nc\r\n\r\n"
    step.write("base.j2", "<{% block x %}{% endblock %}>")
    assert step.text("{% extends 'base.j2' %}{% block x %}1{% endblock %}") == "<1>"


def test_defaults_and_tests_for_what_is_not_set(step: Step) -> None:
    assert step.text("{{ a | default('x') }}{{ env.A | default('y') }}{% if b is defined %}z{% endif %}") == "xy"


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\r"))
data = st.recursive(
    st.one_of(texts, st.integers(-(2**62), 2**62), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)


@given(value=st.text(st.characters(exclude_categories=["Cs"])))
def test_url(value: str) -> None:
    made = f"postgres://user:{filters.url(value)}@host/db"
    assert unquote(urlsplit(made).password or "") == value
    assert urlsplit(made).hostname == "host"


@given(value=st.text(st.characters(exclude_categories=["Cs"])))
def test_base64_there_and_back(value: str) -> None:
    assert filters.b64decode(filters.b64encode(value)) == value


@given(value=data)
def test_yaml_and_json(value: object) -> None:
    yaml = YAML(typ="safe", pure=True)
    assert yaml.load(StringIO(f"a:\n  b: {filters.yaml(value)}\n"))["a"]["b"] == value
    assert loads(filters.json(value)) == value


@given(value=data)
def test_yaml_in_several_lines(value: object) -> None:
    made = YAML(typ="safe", pure=True).load(StringIO(f"a:\n    {filters.yaml(value, indent=4)}\n"))
    assert made == {"a": value}


@given(value=data)
def test_toml(value: object) -> None:
    assert tomllib.loads(f"a = {filters.toml(value)}\n") == {"a": value}


@given(value=texts)
def test_xml(value: str) -> None:
    for quote in "'\"":
        element = ET.fromstring(f"<a b={quote}{filters.xml(value)}{quote}>{filters.xml(value)}</a>")  # noqa: S314
        assert (element.get("b"), element.text or "") == (value, value)


def test_shell_is_judged_by_a_shell() -> None:
    values = ["", "a b", "it's", '$HOME `id` "x" \\', "a\nb", "*", "-n", "é"]
    made = subprocess.run(
        ["sh", "-c", f"printf '%s\\0' {filters.shell(values)}"], capture_output=True, text=True, check=True
    )
    assert made.stdout.split("\0")[:-1] == values


def test_ini_is_judged_by_git(step: Step) -> None:
    git = need_program("git", "git")
    values = ["plain", "a b", " led", "trailed ", "a;b#c", 'quo"ted', "back\\slash", "=x", "it's"]
    step.write("config", "[s]\n" + "".join(f"\tk{n} = {filters.ini(value)}\n" for n, value in enumerate(values)))
    for number, value in enumerate(values):
        got = subprocess.run(
            [git, "config", "-f", "config", f"s.k{number}"], cwd=step.folder, capture_output=True, text=True, check=True
        )
        assert got.stdout == value + "\n"
    with pytest.raises(Exception, match="one line"):
        filters.ini("a\nb")


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("plain value", "plain value"), ("  led", "\\ \\ led"), ("a=b:c#d!e", "a\\=b\\:c\\#d\\!e"), ("tab\there", "tab\\there"),
        ("a\nb\\", "a\\nb\\\\"), ("é€😀", "\\u00e9\\u20ac\\ud83d\\ude00"), (True, "true"), (5, "5"),
    ],
)  # fmt: skip
def test_properties_as_java_reads_them(value: object, made: str) -> None:
    """java.util.Properties.load: the escapes of its documentation."""
    assert filters.properties(value) == made
