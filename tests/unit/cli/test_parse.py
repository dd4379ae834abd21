"""The lean loop and argparse are made from one table, and agree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockmaster.cli import full
from lockmaster.cli.parse import Parsed, lean, parse
from lockmaster.cli.table import COMMANDS, options_of
from lockmaster.errors import UsageError
from lockmaster.settings import OPTIONS, Option

RUNNABLE = sorted(set(COMMANDS) - {"help"})
ANY_VALUE = st.one_of(
    st.sampled_from(
        ["", "x", "a b", "-", "--", "-1", "-x", "--dir", "--dir=y", "-a b", "=", "a=b", "true", "30s", "é"]
    ),
    st.text(max_size=5).filter(lambda text: "\0" not in text),
)
PLAIN_VALUE = st.text(max_size=8).filter(lambda text: not text.startswith("-"))


def plain_option(option: Option) -> st.SearchStrategy[list[str]]:
    if option.kind == "bool":
        names = [option.flag, "--no-" + option.flag[2:], *filter(None, [option.short])]
        return st.sampled_from(names).map(lambda name: [name])
    return st.one_of(
        PLAIN_VALUE.map(lambda text: [option.flag, text]),
        st.text(max_size=8).filter(lambda text: text != "--").map(lambda text: [f"{option.flag}={text}"]),
    )


@st.composite
def plain_argv(draw: st.DrawFn) -> list[str]:
    command = COMMANDS[draw(st.sampled_from(RUNNABLE))]
    known = list(options_of(command))
    pieces = draw(st.lists(st.sampled_from(known).flatmap(plain_option), max_size=6)) if known else []
    pieces += [[draw(PLAIN_VALUE)] for _ in command.words]
    return [*command.name.split(), *(item for piece in draw(st.permutations(pieces)) for item in piece)]


@st.composite
def wild_argv(draw: st.DrawFn) -> list[str]:
    """Mostly wrong: flags of any command, values of any look, shortened names, clusters."""
    flags = [flag for option in OPTIONS for flag in (option.flag, option.short) if flag]
    token = st.one_of(
        st.sampled_from(flags),
        st.sampled_from(
            ["-h", "--help", "-qv", "-vq", "--no-quiet", "--verb", "--quiet=1", "-q=1", "--json", "--check"]
        ),
        st.builds("{}={}".format, st.sampled_from(flags), ANY_VALUE),
        ANY_VALUE,
    )
    return [
        draw(st.sampled_from([*RUNNABLE, "help", "--version", "-V", "-h", "migrat"])),
        *draw(st.lists(token, max_size=5)),
    ]


def by_argparse(argv: list[str]) -> Parsed | None:
    try:
        return full.parse(argv)
    except UsageError:
        return None


@settings(max_examples=300, deadline=None)
@given(plain_argv())
def test_a_plain_command_line_needs_no_argparse_and_reads_the_same(argv: list[str]) -> None:
    parsed = lean(argv)
    assert parsed is not None
    assert parsed == by_argparse(argv)


@settings(max_examples=600, deadline=None)
@given(wild_argv())
def test_where_both_parsers_have_an_answer_it_is_the_same(argv: list[str]) -> None:
    parsed = lean(argv)
    assert parsed is None or parsed == by_argparse(argv)


def test_a_value_may_follow_or_be_joined_and_the_last_one_counts() -> None:
    argv = ["migrate", "--dir", "a", "--dir=b", "-q", "--no-quiet", "--to=", "--url=--x"]
    expected = Parsed("migrate", {"dir": "b", "quiet": "false", "to": "", "url": "--x"})
    assert parse(argv) == lean(argv) == full.parse(argv) == expected


def test_several_words_may_stand_between_options() -> None:
    argv = ["wait", "tcp://a:1", "--timeout", "2m", "tcp://b:2", "-q"]
    assert full.parse(argv) == lean(argv)
    assert parse(argv).words == ("tcp://a:1", "tcp://b:2")


def test_clusters_are_left_to_argparse() -> None:
    assert lean(["migrate", "-qv"]) is None
    assert parse(["migrate", "-qv"]).flags == {"quiet": "true", "verbose": "true"}


@pytest.mark.parametrize("argv", [["--version"], ["-V"], ["version"]])
def test_version_needs_no_argparse(argv: list[str]) -> None:
    assert lean(argv) == Parsed("version", {})


@pytest.mark.parametrize(
    "argv",
    [
        ["help", "gate"],
        ["gate", "--help"],
        ["gate", "-h", "--nonsense"],
        ["--help", "gate"],
        ["gate", "--dir", "x", "-h"],
    ],
)
def test_every_way_to_ask_for_help(argv: list[str]) -> None:
    assert parse(argv) == Parsed("help", {}, ("gate",))


def test_help_beside_a_missing_word() -> None:
    assert parse(["new", "--help"]) == Parsed("help", {}, ("new",))


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        ([], "a command is missing", "lockmaster help"),
        (["migrat"], "there is no command 'migrat'", "did you mean migrate?"),
        (["xyz"], "there is no command 'xyz'", "lockmaster help lists the commands"),
        (["help", "stats"], "there is no command 'stats'", "did you mean status?"),
        (["--dir", "x", "migrate"], "the command comes first, then its options", "lockmaster migrate --dir ..."),
        (
            ["migrate", "--wait-for-trun", "1s"],
            "migrate has no option --wait-for-trun",
            "did you mean --wait-for-turn?",
        ),
        (["migrate", "--format=x", "--dri=1"], "migrate has no option --dri", "did you mean --dir?"),
        (["gate", "--zzz"], "gate has no option --zzz", "lockmaster gate --help"),
        (["migrate", "now"], "migrate: there is one word too many: 'now'", "lockmaster migrate --help"),
        (["migrate", "--dir"], "--dir: expected one argument", "lockmaster migrate --help"),
        (["migrate", "--dry-run=1"], "--dry-run takes no value", "--dry-run alone is yes, --no-dry-run is no"),
        (["migrate", "--dir=--"], "--dir: expected one argument", "lockmaster migrate --help"),
        (["new"], "the following arguments are required: NAME", "lockmaster new --help"),
    ],
)
def test_a_mistake_is_one_line_and_a_hint(argv: list[str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(argv)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_names_are_never_shortened() -> None:
    with pytest.raises(UsageError):
        parse(["migrate", "--wait-for-t", "1s"])


def test_own_options_hide_settings_of_the_same_name() -> None:
    """`baseline --to` is the user's word on this one database; LOCKMASTER_TO must not be taken for it."""
    keys = [option.key for option in options_of(COMMANDS["baseline"])]
    assert keys.count("to") == 1
    assert not next(option for option in OPTIONS if option.key == "to").taken_by("baseline")
