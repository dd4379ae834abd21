"""`$NAME` as envsubst and the shell have it; what is not ours to replace stays."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockmaster.errors import StepFailedError
from lockmaster.prepare.expand import expand
from tests.support.needs import need_program

if TYPE_CHECKING:
    from tests.steps.render.conftest import Step

NGINX = """\
server {
    listen ${PORT:-80};
    location / { try_files $uri $uri/ =404; proxy_pass http://$HOST; proxy_set_header Host $host; }
    rewrite ^/(.*)$ /$1 break;   # ${not_a_name:x} $${HOST} ${1}
}
"""


def test_only_the_named_variables_are_replaced(step: Step) -> None:
    made = NGINX.replace("${PORT:-80}", "80").replace("http://$HOST", "http://app").replace("$${HOST}", "${HOST}")
    for only in ("$HOST ${PORT}", "HOST,PORT", ["HOST", "PORT"]):
        assert step.text(NGINX, "nginx.conf", only=only, values={"HOST": "app"}) == made


def test_without_that_the_first_foreign_one_is_named(step: Step) -> None:
    with pytest.raises(StepFailedError) as raised:
        step.text(NGINX, "nginx.conf", values={"HOST": "app"})
    assert raised.value.message == "nginx.conf:3: uri is not set"
    assert "try_files $uri" in raised.value.details["line"]
    assert "only: [HOST, PORT]" in raised.value.hint


@pytest.mark.parametrize(
    ("template", "message", "hint"),
    [
        ("a\n\n$DB_HOTS", "t:3: DB_HOTS is not set", "did you mean DB_HOST?"),
        ("a\n${DB:?where is it}", "t:2: DB is not set: where is it", "set DB"),
        ("${DB_HOST:-$NO}\n${EMPTY:-$NO}", "t:2: NO is not set", "set NO"),
        ("${DB_HOST", "t:1: ${DB_HOST is not closed by a brace, and not followed by :-, :+ or :?", "only: "),
        ("x\n${1}", "t:2: ${ is not followed by a name", "only: "),
        ("$LIST", "t:1: LIST is a list, and not text", "jinja"),
        ("\n${GROUP:-x}", "t:2: GROUP is a group of values, and not text", "jinja"),
    ],
)
def test_errors_name_file_and_line(step: Step, template: str, message: str, hint: str) -> None:
    values = {"DB_HOST": "h", "EMPTY": "", "LIST": [1], "GROUP": {"a": 1}}
    with pytest.raises(StepFailedError) as raised:
        step.text(template, "t", values=values)
    assert raised.value.message == message
    assert hint in raised.value.hint


def test_values_that_are_no_text_are_written_as_every_format_writes_them(step: Step) -> None:
    assert step.text("$A ${B} $C", "t", values={"A": True, "B": 5432, "C": 1.5}) == "true 5432 1.5"


names = st.sampled_from(["A", "B", "EMPTY", "UNSET"])
plain = st.text(" .:/é", max_size=4)
references = st.one_of(
    names.map("${}".format).map(lambda text: text.replace("UNSET", "A")),
    names.map(lambda name: "${" + name.replace("UNSET", "A") + "}"),
    st.tuples(names, st.sampled_from([":-", "-", ":+", "+"]), st.text("ab.", max_size=3)).map(
        lambda t: "${{{}{}{}}}".format(*t)
    ),
)
VALUES = {"A": "1", "B": "two words", "EMPTY": ""}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.lists(st.one_of(plain, references), max_size=6).map("".join), min_size=1, max_size=12))
def test_the_shell_is_the_judge(texts: list[str]) -> None:
    script = "".join(f'printf "%s\\0" "{text}"\n' for text in texts)
    done = subprocess.run(["sh", "-uec", script], env=VALUES, capture_output=True, text=True, check=True)
    assert [expand(text, VALUES.get, bare=True) for text in texts] == done.stdout.split("\0")[:-1]


@given(text=st.text("AB${}:- x", max_size=30))
def test_with_only_nothing_that_is_not_named_is_touched(text: str) -> None:
    assert expand(text, VALUES.get, bare=True, only=frozenset({"ZZ"})) == text


def test_envsubst_itself_agrees(step: Step) -> None:
    envsubst = need_program("envsubst", "gettext-base")
    text = "a $HOST ${PORT} $uri ${uri} $1 $ {x} end\n"
    done = subprocess.run(
        [envsubst, "$HOST ${PORT}"],
        input=text,
        env={"HOST": "h", "PORT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert step.text(text, "t", only="$HOST ${PORT}", values={"HOST": "h", "PORT": 1}) == done.stdout
