"""Modes mean what chmod means by them: the real one is the judge."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockmaster.errors import UsageError
from lockmaster.prepare import modes

if TYPE_CHECKING:
    from pathlib import Path

_actions = st.tuples(st.sampled_from("+-="), st.one_of(st.text("rwxXst", max_size=4), st.sampled_from("ugo"))).map(
    "".join
)
_clauses = st.tuples(st.text("ugoa", max_size=3), st.lists(_actions, min_size=1, max_size=2).map("".join)).map("".join)
_symbolic = st.lists(_clauses, min_size=1, max_size=3).map(",".join)
_octal = st.one_of(st.from_regex(r"\A[0-7]{1,4}\Z"), st.from_regex(r"\A0[0-7]{4}\Z"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.one_of(_symbolic, _octal), min_size=1, max_size=8),
    before=st.integers(0, 0o7777),
    folder=st.booleans(),
)
def test_each_mode_is_what_chmod_makes_of_it(tmp_path: Path, texts: list[str], before: int, *, folder: bool) -> None:
    """Without u, g, o or a chmod obeys the umask; it is 0 here, because ours does not."""
    script = "umask 0\n"
    paths = [tmp_path / str(number) for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        if not path.exists():
            path.mkdir() if folder else path.touch()
        path.chmod(before)
        script += f"chmod -- {text} {path}\n"
    before_is = paths[0].stat().st_mode & 0o7777
    subprocess.run(["sh", "-ec", script], check=True)
    for path, text in zip(paths, texts, strict=True):
        assert oct(modes.parse(text).of(before_is, folder=folder)) == oct(path.stat().st_mode & 0o7777), text
    for path in paths:
        path.rmdir() if folder else path.unlink()


@pytest.mark.parametrize(
    "text", ["u=rwz", "9", "0888", "77777", "u", "=rwx,", "u+r w", "rwxr-xr-x", "", "u==r,,g=r", "u-1"]
)
def test_what_chmod_refuses_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        modes.parse(text)
    assert "is not a mode" in raised.value.message
    assert "0640" in raised.value.hint


def test_without_a_class_it_is_all_whatever_the_umask() -> None:
    before = os.umask(0o077)
    try:
        assert modes.parse("=r").of(0o777, folder=False) == 0o444
    finally:
        os.umask(before)
