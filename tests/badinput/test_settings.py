"""URLs and settings that cannot be used."""

import time

import pytest

from lockmaster.errors import Exit
from tests.badinput.expecting import SECRET, check_json, fails
from tests.facts.lab import Lab

USAGE = Exit.USAGE
LOGIN = f"u:{SECRET}"


@pytest.fixture(autouse=True)
def migration(lite: Lab) -> None:
    """Write one good migration: nothing but the settings is wrong here."""
    lite.write("1_m", "CREATE TABLE t (x int);")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://{LOGIN}@host:notaport/db",
        f"postgresql://{LOGIN}@host:5432:1/db",
        f"postgresql://{LOGIN}@[::1/db",
        f"postgresql://{LOGIN}@host/db#{SECRET}",
        f"postgresql://u:{SECRET}#x@host/db",
        f"postgresql://{LOGIN}@host/db?options=-c%20search_path%3Dx",
        f"postgresql://{LOGIN}@host/db?sslmod=require",
        f"host=localhost user=u password={SECRET}",
        f"{LOGIN}@host/db",
        "sqlite::memory:",
        "sqlite:",
        "sqlite:///tmp/",
        "file:./dev.db?mode=memory",
        "sqlite:app%zz.db",
        "sqlite:app%",
        "sqlite:%ff.db",
        "sqlite:/dev/null",
        "sqlite:migrations/1_m.sql/app.db",
        f"postgresql://{LOGIN}@ho st/db",
        f"postgresql://{LOGIN}@host/db?schema=a%00",
    ],
)
def test_a_wrong_url(lite: Lab, url: str) -> None:
    fails(lite, USAGE, url=url)


NUMBERS = [
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
]


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        *((f"{name}={value}", "whole number") for name in NUMBERS for value in ("foo", "-1", "1.5", "99999999999999")),
        ("connect_timeout=%D9%A3", "seconds"),
        ("keepalives_idle=999999", "waiting does not help"),
        ("keepalives_count=999999", "waiting does not help"),
        ("sslmode=required", "verify-full"),
        ("target_session_attrs=writable", "read-write"),
        ("gssencmode=off", "disable"),
        ("channel_binding=yes", "require"),
        ("load_balance_hosts=on", "random"),
        ("sslnegotiation=now", "direct"),
        ("sslcertmode=never", "allow"),
        ("sslsni=on", "1"),
        ("sslaccept=accept", "accept_invalid_certs"),
        ("pgbouncer=yes", "true"),
        ("hostaddr=localhost.test", "waiting does not help"),
        ("service=nowhere", "waiting does not help"),
        ("ssl_min_protocol_version=3", "waiting does not help"),
        ("sslnegotiation=direct", "waiting does not help"),
    ],
)
def test_a_parameter_that_can_never_be_right(lite: Lab, query: str, hint: str) -> None:
    """It ends at once, and does not wait for a server that may come: waiting repairs no URL."""
    began = time.monotonic()
    fails(lite, USAGE, "--wait-for-database=1m", url=f"postgresql://{LOGIN}@127.0.0.1:1/db?{query}", hint=hint)
    assert time.monotonic() - began < 20.0, "no waiting"


@pytest.mark.parametrize(
    "query", ["connect_timeout=", "sslmode=", "keepalives=0", "pgbouncer=false", "sslaccept=strict"]
)
def test_a_parameter_that_is_right(lite: Lab, query: str) -> None:
    url = f"postgresql://{LOGIN}@127.0.0.1:1/db?{query}"
    fails(lite, Exit.UNREACHABLE, "--wait-for-database=100ms", url=url)


@pytest.mark.parametrize("scheme", ["postgrse", "mysql", "mongodb", "http", "jdbc:postgresql", "prisma+postgres"])
def test_an_unknown_scheme(lite: Lab, scheme: str) -> None:
    fails(lite, USAGE, url=f"{scheme}://{LOGIN}@host/db")


def test_no_url(lite: Lab) -> None:
    fails(lite, USAGE, url="", hint="DATABASE_URL")


@pytest.mark.parametrize("name", ["/nowhere/url", "folder", "loop", "binary", "empty", "two-lines"])
@pytest.mark.parametrize("source", ["DATABASE_URL_FILE", "--url-file"])
def test_a_file_of_the_url_that_cannot_be_used(lite: Lab, name: str, source: str) -> None:
    (lite.home / "folder").mkdir()
    (lite.home / "loop").symlink_to(lite.home / "loop")
    (lite.home / "binary").write_bytes(b"\xff\xfe" + SECRET.encode("utf-16-le"))
    (lite.home / "empty").write_text("\n")
    (lite.home / "two-lines").write_text(f"postgresql://{LOGIN}@host/db\npostgresql://{LOGIN}@other/db\n")
    options, env = ((f"{source}={name}",), {}) if source.startswith("--") else ((), {source: name})
    text = fails(lite, USAGE, *options, url="", env=env)
    assert source in text
    assert name in text


@pytest.mark.parametrize(
    ("text", "hint"), [(" {}\n", ""), ('"{}"', "without quotes"), ("\ufeff{}", "byte order mark"), ("{}\t.db", "tab")]
)
def test_a_url_with_something_around_it(lite: Lab, text: str, hint: str) -> None:
    """White space is what `echo` and editors leave in a Secret: it is no part of the URL. All else is refused."""
    url = text.format(lite.url)
    if hint:
        fails(lite, USAGE, url=url, hint=hint)
    else:
        lite.good(url=url)
        assert (lite.home / "app.db").exists()


@pytest.mark.parametrize(
    ("options", "env", "word"),
    [
        (("--url-env=GONE",), {}, "GONE"),
        ((), {"LOCKMASTER_URL_ENV": "GONE"}, "GONE"),
        (("--host=h", "--password-file=/nowhere/pw"), {}, "/nowhere/pw"),
        (("--host=h", "--port=http"), {}, "--port"),
        (("--host=h", "--port=²"), {}, "--port"),
        (("--host=a b", "--user=u"), {}, "cannot be read"),
        (("--host=h/x", "--user=u"), {}, "cannot be read"),
        (("--host=h..x", "--user=u"), {}, "h..x"),
        (("--host=" + "h" * 64 + ".test", "--user=u"), {}, "no name server"),
        (("--config=nowhere.yaml",), {}, "nowhere.yaml"),
        (("--config=migrations",), {}, "migrations"),
        (("--config=/dev/zero",), {}, "/dev/zero"),
    ],
)
def test_a_part_that_makes_no_sense(lite: Lab, options: tuple[str, ...], env: dict[str, str], word: str) -> None:
    assert word in fails(lite, USAGE, *options, url="", env=env)


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("--ddl-lock-timeout=soon", "30s"), ("--deadline=-1s", "30s"), ("--statement-timeout=999h", "0 is no limit"),
        ("--pooler=maybe", "the default is auto"), ("--pooler=trans", "transaction"), ("--format=flyway", "auto"),
        ("--recover=perhaps", "auto"), ("--color=blue", "auto"), ("--no-such-option", "--help"),
        ("--wait-for-turn", "--help"), ("--ahead", "--help"), ("--checksum=wran", "warn"),
    ],
)  # fmt: skip
def test_an_option_that_makes_no_sense(lite: Lab, option: str, hint: str) -> None:
    text = fails(lite, USAGE, option, hint=hint)
    assert option.partition("=")[0] in text


@pytest.mark.parametrize(("wish", "hint"), [("xml", "choose one of them"), ("jsno", "did you mean json?")])
def test_a_log_format_that_there_is_not(lite: Lab, wish: str, hint: str) -> None:
    """Told as JSON where nobody sits in front of it: this is what the option would be without its value."""
    for ended in (lite.run(f"--log-format={wish}"), lite.run(env={"LOCKMASTER_LOG_FORMAT": wish})):
        fields = check_json(ended, USAGE)
        assert "is not one of auto, text, json" in fields["message"]
        assert hint in fields["hint"]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("dir: m\nformat: [", 2, ""), ("dir: m\nto: a: b", 2, "mapping values"), ("dir: m\n\tto: 1", 2, ""),
        ("dir: 'm\n", 2, "quoted"), ("dir: m\nto: *b", 2, "alias"), ('to: "\\q"', 1, "escape"),
        ("dir: m\nto: \x01", 2, "character"), ("dir: m\n---\ndir: n", 2, "document"), ("- a", 1, "keys and values"),
        ("dir: m\ndeadline: soon", 2, "not a duration"), ("dir: [a]", 1, "one value"), ("to: {a: b}", 1, "one value"),
        ("dir: m\ndir: m", 2, "already set"), ("quiet: maybe", 1, "neither true nor false"),
        ("format: flyway", 1, "not one of"), ("step: []", 1, "not a setting"), ("wait_for_trun: 1s", 1, "not a setting"),
    ],
)  # fmt: skip
def test_a_settings_file_that_makes_no_sense(lite: Lab, text: str, line: int, word: str) -> None:
    (lite.home / "lockmaster.yaml").write_text(text)
    told = fails(lite, USAGE)
    assert f"lockmaster.yaml:{line}: " in told
    assert word in told


@pytest.mark.parametrize("content", [b"dir: \xff", b"[" * 5000, b"# long\n" * 200_000])
def test_a_settings_file_that_is_none(lite: Lab, content: bytes) -> None:
    (lite.home / "lockmaster.yaml").write_bytes(content)
    assert "lockmaster.yaml: " in fails(lite, USAGE)


def test_settings_never_show_a_secret(lite: Lab) -> None:
    ended = lite.run(command="settings", url=f"postgresql://{LOGIN}@host/db", env={"LOCKMASTER_PASSWORD": SECRET})
    assert ended.status == 0, ended.text
    assert SECRET not in ended.text


@pytest.mark.parametrize("options", [(), ("--applied", "1_m", "--rolled-back", "1_m")], ids=["neither", "both"])
def test_a_word_that_is_none(lite: Lab, options: tuple[str, ...]) -> None:
    fails(lite, USAGE, *options, command="resolve")


@pytest.mark.parametrize("flag", ["--applied", "--rolled-back"])
def test_a_word_about_what_is_no_question(lite: Lab, flag: str) -> None:
    lite.good()
    fails(lite, Exit.MISMATCH, flag, "1_m", command="resolve")


@pytest.mark.parametrize("flag", ["--to", "--dir", "--url", "--url-env", "--url-file", "--schema", "--config"])
def test_an_empty_flag_was_its_default(lite: Lab, flag: str) -> None:
    """`--to "$VERSION"` without the variable ran everything that was pending."""
    text = fails(lite, USAGE, f"{flag}=", hint=f"leave {flag} out")
    assert f"flag {flag}: its value is empty" in text
    fails(lite, USAGE, flag, "", hint=f"leave {flag} out")
