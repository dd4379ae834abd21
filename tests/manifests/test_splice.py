"""A YAML text with other values in it keeps every byte that need not change."""

from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lockmaster.manifests.emit import styled
from lockmaster.manifests.stream import Stream, plain

TEXT = """\
---
kind: X   # kind
# above a
a:
  # above one
  - name: one   # one
    words: ["x",   'y']  # words

  # above two
  - name: two
    text: |
      # no comment
      end
# below
flow: {a: 1,  b: [1, 2]}
end: &no no anchor
"""


def become(text: str, root: object) -> str:
    stream = Stream("x", text)
    stream.documents[0].become(root)
    return stream.text


def changed(*lines: tuple[str, str]) -> str:
    text = TEXT.replace("&no ", "")
    for old, new in lines:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def root() -> dict[str, object]:
    value: dict[str, object] = plain(Stream("x", changed()).documents[0].root)
    return value


def test_what_is_added_stands_behind_what_it_follows_and_not_between_a_comment_and_its_key() -> None:
    new = {"kind": "X", "b": {"c": [1]}, **root(), "last": 1}
    new["a"] = [{"name": "zero"}, new["a"][0], {"name": "middle", "x": {}}, new["a"][1], {"name": "three"}]
    assert become(changed(), new) == changed(
        ("# kind\n", "# kind\nb:\n  c:\n    - 1\n"),
        ("a:\n", "a:\n  - name: zero\n"),
        ("# words\n", "# words\n  - name: middle\n    x: {}\n"),
        ("      end\n", "      end\n  - name: three\n"),
        ("no anchor\n", "no anchor\nlast: 1\n"),
    )


def test_words_are_put_into_a_line() -> None:
    new = root()
    new["a"][0]["words"] = ["on", "z", "x", "y", "1"]
    new["flow"] = {"a": 1, "b": [2, 3], "c": {"d": []}}
    assert become(changed(), new) == changed(
        ("[\"x\",   'y']", '["on", z, "x",   \'y\', "1"]'), ("b: [1, 2]}", "b: [2, 3], c: {d: []}}")
    )


def test_taking_out_what_was_put_in_gives_the_bytes_of_before() -> None:
    new = {"n": 1, **root(), "o": [{"p": None}]}
    new["a"] = [
        {"name": "zero"},
        {**new["a"][0], "words": ["z", "x", "y"], "more": {"a": 1}},
        {"name": "m"},
        new["a"][1],
    ]
    new["flow"] = {**new["flow"], "c": 1}
    there = become(changed(), new)
    assert there.count("\n") == changed().count("\n") + 7
    assert become(there, root()) == changed()


def test_with_anchors_the_values_are_right_and_comments_stay() -> None:
    text = "a: &x [1]\n# b\nb: *x\nc: *x\n"
    assert become(text, {"a": [1], "b": [1, 2], "c": [1]}) == "a: &x [1]\n# b\nb:\n- 1\n- 2\nc: *x\n"


def test_with_anchors_an_octal_number_stays_one() -> None:
    text = "v:\n- name: a\n  mode: 0440\n  x: &x 1\n- name: b\n  mode: 0400\n  x: *x\n"
    new = [{"name": "c"}, {"name": "a", "mode": 440, "x": 1}, {"name": "b", "mode": 400, "x": 2}]
    there = become(text, {"v": new})
    assert there == "v:\n- name: c\n- name: a\n  mode: 0440\n  x: &x 1\n- name: b\n  mode: 0400\n  x: 2\n"


def test_a_text_without_a_last_newline() -> None:
    assert become("a: 1", {"a": 1, "b": 2}) == "a: 1\nb: 2"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["yes", "", "1e3", "a: b", "# x", "0x1", "12:30"])
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.lists(st.fixed_dictionaries({"name": st.sampled_from("abcd")}, optional={"v": inner}), max_size=4)
    | st.dictionaries(st.sampled_from(["a", "b", "yes", "name", "x-y"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
ROOTS = st.dictionaries(st.sampled_from(["kind", "spec", "x"]), VALUES, min_size=1)


def dumped(value: object, *, flow: bool | None, offset: int) -> str:
    out = io.StringIO()
    yaml = YAML(pure=True)
    yaml.default_flow_style = flow
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    yaml.dump(styled(value), out)  # ruamel writes ?0 into lines of braces, which it cannot read
    return out.getvalue()


@settings(deadline=None, max_examples=60)
@given(ROOTS, ROOTS, st.sampled_from(["block", "mixed", "flow"]), st.sampled_from([0, 2]))
def test_whatever_changes_it_says_what_was_meant_and_goes_back(
    old: dict[str, object], new: dict[str, object], style: str, offset: int
) -> None:
    text = dumped(old, flow={"block": False, "mixed": None, "flow": True}[style], offset=offset)
    there = become(text, new)
    assert plain(YAML(typ="safe", pure=True).load(there)) == plain(new)
    assert plain(YAML(typ="safe", pure=True).load(become(there, old))) == plain(old)
