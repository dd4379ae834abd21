"""Settings: precedence, origins, files, and secrets that cannot be printed."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lockmaster.cli import table
from lockmaster.errors import UsageError
from lockmaster.settings import OPTIONS, Options, Secret, duration, mask, render_duration, resolve
from lockmaster.settings.resolving import Resolved
from lockmaster.settings.secret import HIDDEN, mask_url, passwords
from lockmaster.settings.showing import show

COMMANDS = frozenset(table.COMMANDS)
# a secret of its own alphabet cannot be part of the text around it by chance
SECRETS = st.text(st.sampled_from("QXZ01 @/:?#&=%'\"\\;,\tßé漢"), min_size=4)
RAW = st.text(st.sampled_from("QXZ01@/:?#&=%'\"\\;,ßé漢"), min_size=4)  # as written into a URL: without blanks


def settle(command: str = "migrate", cwd: str = "/nowhere", **env: str) -> Resolved:
    return resolve(command, {}, env, cwd)


def url_of(resolved: Resolved) -> tuple[str, str]:
    return resolved.options.url.reveal(), resolved.origins["url"]


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_field_is_in_the_table_with_the_same_default() -> None:
    fields = {option.key: option for option in OPTIONS if option.field}
    assert set(fields) == set(Options._fields)
    for key, option in fields.items():
        kinds: dict[str, Callable[[str], object]] = {
            "duration": duration,
            "limit": lambda text: duration(text) or None,
            "bool": lambda text: text == "true",
            "secret": Secret,
        }
        assert kinds.get(option.kind, str)(option.default) == Options._field_defaults[key], key


def test_the_table_is_consistent() -> None:
    keys = [option.key for option in OPTIONS]
    assert len(keys) == len(set(keys))
    for option in OPTIONS:
        assert option.key.islower()
        assert (option.kind == "choice") == bool(option.choices)
        assert not option.choices or option.default in option.choices
        assert (option.kind == "bool") == (not option.metavar)
        assert set(option.commands) <= set(COMMANDS)
        assert option.help[-1] != "."


# --- precedence and origins ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "env", "file", "expected"),
    [
        ("1s", "2s", "3s", (1.0, "flag --wait-for-turn")),
        (None, "2s", "3s", (2.0, "env LOCKMASTER_WAIT_FOR_TURN")),
        (None, "", "3s", (3.0, "lockmaster.yaml:2")),
        (None, None, None, (1800.0, "default")),
    ],
)
def test_flag_over_environment_over_file_over_default(
    tmp_path: Path, flag: str | None, env: str | None, file: str | None, expected: tuple[float, str]
) -> None:
    if file:
        (tmp_path / "lockmaster.yaml").write_text(f"# settings\nwait_for_turn: {file}\n")
    flags = {"wait_for_turn": flag} if flag else {}
    environ = {"LOCKMASTER_WAIT_FOR_TURN": env} if env is not None else {}
    resolved = resolve("migrate", flags, environ, str(tmp_path))
    assert (resolved.options.wait_for_turn, resolved.origins["wait_for_turn"]) == expected


def test_without_anything_all_is_default() -> None:
    resolved = settle()
    assert resolved.options._replace(pod="") == Options()
    assert {origin for key, origin in resolved.origins.items() if key != "pod"} == {"default"}


def test_gate_has_a_deadline_of_its_own() -> None:
    assert settle("gate").options.deadline == 600.0
    assert settle("migrate").options.deadline is None
    assert settle("gate", LOCKMASTER_DEADLINE="0").options.deadline is None


def test_an_option_of_another_command_is_not_looked_at() -> None:
    assert settle("status", LOCKMASTER_DRY_RUN="perhaps").options.dry_run is False


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("AHEAD", "wran", "env LOCKMASTER_AHEAD: 'wran' is not one of warn, fail"),
        ("DRY_RUN", "perhaps", "env LOCKMASTER_DRY_RUN: 'perhaps' is neither true nor false"),
        ("DEADLINE", "30", "env LOCKMASTER_DEADLINE: '30' is not a duration (a unit is missing)"),
    ],
)
def test_a_wrong_value_names_its_origin(name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        settle(**{f"LOCKMASTER_{name}": text})
    assert caught.value.message == message


def test_a_mistyped_choice_is_guessed() -> None:
    with pytest.raises(UsageError) as caught:
        settle(LOCKMASTER_FORMAT="prsma")
    assert caught.value.hint == "did you mean prisma?"


def test_a_mistyped_variable_is_a_warning() -> None:
    resolved = settle(LOCKMASTER_WAIT_FOR_TRUN="1s")
    assert resolved.warnings == (
        ("LOCKMASTER_WAIT_FOR_TRUN is not a setting of Lockmaster", "did you mean LOCKMASTER_WAIT_FOR_TURN?"),
    )


def test_what_a_service_named_lockmaster_puts_into_pods_is_ignored() -> None:
    resolved = settle(
        DATABASE_URL="postgresql://u@h/d",
        LOCKMASTER_PORT="tcp://10.0.0.1:80",
        LOCKMASTER_PORT_80_TCP="tcp://10.0.0.1:80",
        LOCKMASTER_SERVICE_HOST="10.0.0.1",
    )
    assert resolved.warnings == ()
    assert resolved.options.url.reveal() == "postgresql://u@h/d"


def test_the_surroundings_give_defaults() -> None:
    resolved = settle(POD_NAME="app-7d-x2", HOSTNAME="node", NO_COLOR="1")
    assert (resolved.options.pod, resolved.origins["pod"]) == ("app-7d-x2", "env POD_NAME")
    assert (resolved.options.color, resolved.origins["color"]) == ("never", "env NO_COLOR")
    assert settle(NO_COLOR="1", LOCKMASTER_COLOR="always").options.color == "always"
    assert settle(LOCKMASTER_TERMINATION_LOG="none").options.termination_log == ""


# --- lockmaster.yaml -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "dir: a\nwait_for_trun: 1s\n",
            "lockmaster.yaml:2: wait_for_trun is not a setting",
            "did you mean wait_for_turn?",
        ),
        ("wait-for-turn: 1s\n", "lockmaster.yaml:1: wait-for-turn is not a setting", "did you mean wait_for_turn?"),
        ("dir: [a, b]\n", "lockmaster.yaml:1: dir takes one value", "for example: dir: path/to/it"),
        ("- dir\n", "lockmaster.yaml:1: expected keys and values", "for example: dir: migrations"),
        ("dir: a\ndir: b\n", "lockmaster.yaml:2: dir is already set in lockmaster.yaml:1", "keep one of the two"),
        ("a: 1\n  b: {\n", None, None),
        (
            "ahead: later\n",
            "lockmaster.yaml:1: 'later' is not one of warn, fail",
            "choose one of them, or leave it out: the default is warn",
        ),
    ],
)
def test_a_wrong_file_names_its_line(tmp_path: Path, text: str, message: str | None, hint: str | None) -> None:
    (tmp_path / "lockmaster.yaml").write_text(text)
    with pytest.raises(UsageError) as caught:
        settle(cwd=str(tmp_path))
    assert caught.value.message.startswith("lockmaster.yaml:")
    if message is not None:
        assert (caught.value.message, caught.value.hint) == (message, hint)


def test_steps_are_no_setting_and_do_not_disturb(tmp_path: Path) -> None:
    (tmp_path / "lockmaster.yaml").write_text("steps:\n  - wait: tcp://db:5432\ndir: x\n")
    assert settle(cwd=str(tmp_path)).options.dir == "x"


@pytest.mark.parametrize("text", ["", "# nothing\n", "dir:\n", "dir: ~\n"])
def test_an_empty_file_or_value_sets_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "lockmaster.yaml").write_text(text)
    assert settle(cwd=str(tmp_path)).origins["dir"] == "default"


def test_values_of_the_file_are_text_as_written(tmp_path: Path) -> None:
    (tmp_path / "lockmaster.yaml").write_text("to: 0010\nport: 5432\ndry_run: yes\nstatement_timeout: 0\n")
    resolved = settle(cwd=str(tmp_path))
    assert (resolved.options.to, resolved.options.dry_run, resolved.options.statement_timeout) == ("0010", True, None)


def test_a_named_file_and_its_relative_paths(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/lm.yaml").write_text("dir: sql\npassword_file: /run/pw\n")
    resolved = settle(cwd=str(tmp_path), LOCKMASTER_CONFIG="deploy/lm.yaml", LOCKMASTER_PASSWORD="x")
    assert (resolved.options.dir, resolved.origins["dir"]) == ("deploy/sql", "deploy/lm.yaml:1")


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing\.yaml: No such file"):
        settle(cwd=str(tmp_path), LOCKMASTER_CONFIG="missing.yaml")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "lockmaster.yaml").write_bytes(b"dir: \xff\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        settle(cwd=str(tmp_path))


# --- the URL ---------------------------------------------------------------------------------------------------------

A, B = "postgresql://a@h/d", "postgresql://b@h/d"


def test_the_order_of_sources(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://file@h/d\n")
    (tmp_path / "lockmaster.yaml").write_text("url: postgresql://yaml@h/d\n")
    env = {"LOCKMASTER_URL": "postgresql://own@h/d", "DATABASE_URL": "postgresql://usual@h/d"}
    env |= {"DATABASE_URL_FILE": "url", "MINE": "postgresql://mine@h/d"}
    seen = []
    flags = {"url_env": "MINE"}
    for gone in ("", "url_env", "LOCKMASTER_URL", "DATABASE_URL", "DATABASE_URL_FILE"):
        flags.pop(gone, None)
        env.pop(gone, None)
        url, origin = url_of(resolve("migrate", flags, env, str(tmp_path)))
        seen.append((url.partition("//")[2].partition("@")[0], origin))
    assert seen == [
        ("mine", "flag --url-env (MINE)"),
        ("own", "env LOCKMASTER_URL"),
        ("usual", "env DATABASE_URL"),
        ("file", "env DATABASE_URL_FILE (url)"),
        ("yaml", "lockmaster.yaml:1"),
    ]


def test_a_variable_named_by_the_file_wins_over_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / "lockmaster.yaml").write_text("url_env: MIGRATE_URL\n")
    assert url_of(settle(cwd=str(tmp_path), DATABASE_URL=A, MIGRATE_URL=B))[0] == B


def test_a_named_variable_must_be_set() -> None:
    with pytest.raises(UsageError, match="env LOCKMASTER_URL_ENV: the variable GONE is not set"):
        settle(LOCKMASTER_URL_ENV="GONE")


def test_a_secret_file_that_cannot_be_read() -> None:
    with pytest.raises(UsageError, match="cannot read /gone: No such file"):
        settle(DATABASE_URL_FILE="/gone")


def test_a_url_from_parts() -> None:
    resolved = settle(
        LOCKMASTER_HOST="db",
        LOCKMASTER_PORT="5433",
        LOCKMASTER_USER="a@b",
        LOCKMASTER_PASSWORD="p/w:ü",
        LOCKMASTER_DBNAME="x y",
    )
    assert resolved.options.url.reveal() == "postgresql://a%40b:p%2Fw%3A%C3%BC@db:5433/x%20y"
    assert resolved.secrets == ("p%2Fw%3A%C3%BC", "p/w:ü")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("::1", "[::1]"), ("/var/run/pg", "%2Fvar%2Frun%2Fpg"), ("a,b", "a,b"), ("10.0.0.1", "10.0.0.1")],
)
def test_hosts_of_every_kind(host: str, expected: str) -> None:
    assert settle(LOCKMASTER_HOST=host).options.url.reveal() == f"postgresql://{expected}/"


def test_a_port_is_a_number() -> None:
    with pytest.raises(UsageError, match="port 'x' is not a number"):
        settle(LOCKMASTER_HOST="h", LOCKMASTER_PORT="x")


def test_parts_make_the_url_of_the_application_ours(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("s3cret!\n")
    resolved = settle(
        cwd=str(tmp_path),
        DATABASE_URL="postgresql://app:apppw@pool:6432/shop?schema=x",
        DIRECT_URL="postgresql://app:apppw@db/shop",
        LOCKMASTER_USER="owner",
        LOCKMASTER_PASSWORD_FILE="pw",
    )
    assert resolved.options.url.reveal() == "postgresql://owner:s3cret%21@pool:6432/shop?schema=x"
    assert resolved.options.direct_url.reveal() == "postgresql://owner:s3cret%21@db/shop"
    assert resolved.origins["url"] == "env DATABASE_URL, env LOCKMASTER_USER, env LOCKMASTER_PASSWORD_FILE (pw)"


def test_a_part_of_a_weaker_source_only_fills_gaps() -> None:
    flags = {"url": "postgresql://flag@h/d"}
    resolved = resolve("migrate", flags, {"LOCKMASTER_USER": "env", "LOCKMASTER_PASSWORD": "pppp"}, "/nowhere")
    assert resolved.options.url.reveal() == "postgresql://flag:pppp@h/d"


def test_parts_leave_a_file_alone() -> None:
    env = {"DATABASE_URL": "file:./dev.db", "LOCKMASTER_USER": "u"}
    assert resolve("migrate", {}, env, "/nowhere").options.url.reveal() == "file:./dev.db"


SCHEMA = """
// datasource old { url = env("OLD") }
generator client { provider = "prisma-client-js" }
datasource db {
  provider  = "postgresql"
  url       = env("POOLED_URL") // the pooler
  directUrl = env( "STRAIGHT_URL" )
}
model A { id Int @id }
"""


def test_the_variables_of_a_prisma_schema(tmp_path: Path) -> None:
    (tmp_path / "prisma/migrations").mkdir(parents=True)
    (tmp_path / "prisma/schema.prisma").write_text(SCHEMA)
    env = {"DATABASE_URL": A, "POOLED_URL": B, "STRAIGHT_URL": "postgresql://c@h/d", "DIRECT_URL": A}
    resolved = resolve("migrate", {"dir": "prisma/migrations"}, env, str(tmp_path))
    assert url_of(resolved) == (B, "prisma/schema.prisma url env(POOLED_URL)")
    assert resolved.origins["direct_url"] == "prisma/schema.prisma directUrl env(STRAIGHT_URL)"
    assert resolve("migrate", {"dir": "prisma/migrations"}, {"DATABASE_URL": A}, str(tmp_path)).options.url == Secret(A)
    native = resolve("migrate", {"dir": "prisma/migrations", "format": "native"}, env, str(tmp_path))
    assert native.options.url.reveal() == A


# --- durations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h", 3600), ("1m30s", 90), ("1.5s", 1.5), ("0s", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "-5s", "5 s", "5d", "s", "1m3", ".5s", "5.s", "1..5s", "5S", "1e3s", "٣s", "00"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError):
        duration(text)


@given(st.integers(0, 10**9))
def test_a_rendered_duration_reads_back(millis: int) -> None:
    assert duration(render_duration(millis / 1000)) == millis / 1000


@given(st.text())
def test_any_other_text_is_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert duration(text) >= 0


# --- secrets ---------------------------------------------------------------------------------------------------------


@given(SECRETS)
def test_a_secret_does_not_show_itself(text: str) -> None:
    secret = Secret(text)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>20}", f"{secret!r}", "%s" % secret, str([secret])]  # noqa: UP031
    assert not any(text in item for item in shown)
    assert secret.reveal() == text
    assert secret
    assert secret == Secret(text)
    assert not Secret()


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in " '\\\t" else char for char in text)


SHAPES: dict[str, Callable[[str], str]] = {
    "keyword, quoted": lambda s: f"host=h password={quoted(s)} user=u",
    "keyword, spaced": lambda s: f"host = h sslpassword = {quoted(s)} user=u",
    "keyword, bare": lambda s: f"user=u password={escaped(s)} host=h",
    "environment": lambda s: f"PGPASSWORD={escaped(s)} psql",
    "SQL": lambda s: "ALTER ROLE r PASSWORD '" + s.replace("\\", "").replace("'", "''") + "' LOGIN",
    "JSON": lambda s: json.dumps({"user": "u", "password": s}, ensure_ascii=False),
}


@pytest.mark.parametrize("shape", SHAPES)
@given(secret=SECRETS, before=st.sampled_from(["", "x ", "failed: ", "("]), after=st.sampled_from(["", " y", ") z"]))
def test_a_secret_in_a_text_never_survives(shape: str, secret: str, before: str, after: str) -> None:
    text = SHAPES[shape](secret)
    without = SHAPES[shape]("")
    for piece in (secret, quoted(secret)[1:-1], escaped(secret)):
        assume(piece not in without)
    shown = mask(before + text + after)
    for piece in (secret, quoted(secret)[1:-1], escaped(secret)):
        assert piece not in shown
    assert mask(shown) == shown


@given(
    secret=RAW,
    query=st.booleans(),
    before=st.sampled_from(["", "see ", '"']),
    after=st.sampled_from(["", ' or "', "\n"]),
)
@example(secret="a@b://u:c@d", query=False, before="", after="")
def test_a_secret_in_a_url_never_survives(secret: str, query: bool, before: str, after: str) -> None:  # noqa: FBT001
    assume(not query or "&" not in secret)  # it would end there
    url = f"postgresql://u@h/d?password={secret}" if query else f"postgresql://u:{secret}@h:5432/d"
    assert secret not in mask(before + url + after)
    assert secret not in mask_url(url)
    assert mask(mask(url)) == mask(url)


@given(secret=SECRETS)
def test_two_passwords_in_one_url_never_survive(secret: str) -> None:
    words = secret.replace(" ", "").replace("\t", "").replace("&", "")
    assume(len(words) > 1)
    url = f"postgresql://u:{words}@h/d?x=1&sslpassword={words}&y=2"
    assert words not in mask(url)
    assert words not in mask_url(url)
    assert "first" not in mask("postgresql://u:first?password=second@h/d")


@given(secret=SECRETS)
def test_a_known_secret_is_hidden_wherever_it_turns_up(secret: str) -> None:
    resolved = settle(LOCKMASTER_HOST="h", LOCKMASTER_PASSWORD=secret, LOCKMASTER_USER="u")
    assert secret not in mask(f"the server said {secret} is wrong", *resolved.secrets)
    assert all(secret not in text for _, text, _ in show(resolved))
    assert secret not in repr(resolved.options)


@pytest.mark.parametrize(
    "text",
    [
        'FATAL:  password authentication failed for user "u"',
        "no password supplied",
        "set --password-file=/run/secrets/pw",
        "https://example.org/docs?x=1#y",
        "wrong password: FATAL: no",
        "applied 20240105_add_tokens in 3ms",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert mask(text) == text


def test_a_masked_url_keeps_its_other_parts() -> None:
    assert mask("to postgresql://u:p@h:5432/d?schema=x now") == f"to postgresql://u:{HIDDEN}@h:5432/d?schema=x now"
    assert mask("postgres://u@h/d?password=p&schema=x") == f"postgres://u@h/d?password={HIDDEN}&schema=x"
    assert mask_url("host=h password=p") == HIDDEN
    assert mask_url("file:./dev.db") == "file:./dev.db"


def test_a_password_that_is_also_a_name_is_not_hidden_by_value() -> None:
    assert passwords("postgres://postgres:postgres@h/postgres") == ()
    assert passwords("postgres://u:abc@h/d") == ()  # would eat half of every line
    assert passwords("postgres://u:a%20b%20c@h/d?x=1") == ("a%20b%20c", "a b c")


# --- showing ---------------------------------------------------------------------------------------------------------


def test_settings_as_shown() -> None:
    resolved = settle("settings", DATABASE_URL="postgresql://u:hunter22@h/d", LOCKMASTER_PASSWORD="other234")
    rows = {key: (text, origin) for key, text, origin in show(resolved)}
    assert rows["url"] == (f"postgresql://u:{HIDDEN}@h/d", "env DATABASE_URL, env LOCKMASTER_PASSWORD")
    assert rows["password"] == (HIDDEN, "env LOCKMASTER_PASSWORD")
    assert rows["deadline"] == ("none (gate: 10m, kube build: 15m)", "default")
    assert rows["wait_for_turn"] == ("30m", "default")
    assert rows["dry_run"] == ("false", "default")
    assert "host" not in rows
