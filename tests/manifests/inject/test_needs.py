"""What is copied from the application: all that the URL needs, in its order, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from lockmaster.manifests.inject.needs import Keys, need

URL = {"name": "DATABASE_URL", "value": "postgres://$(USER_NAME):$(PASSWORD)@db/app"}
PASSWORD = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
USER = {"name": "USER_NAME", "value": "$(TEAM)-app"}
TEAM = {"name": "TEAM", "value": "red"}
OTHER = {"name": "COLOUR", "value": "$(PASSWORD)"}
SEEN: Keys = {("ConfigMap", "urls"): ("DATABASE_URL",), ("Secret", "mail"): ("SMTP",), ("Secret", "db"): ("PASSWORD",)}
URLS, MAIL, DB = ({"configMapRef": {"name": "urls"}}, {"secretRef": {"name": "mail"}}, {"secretRef": {"name": "db"}})
UNSEEN = {"secretRef": {"name": "elsewhere"}}


def names(env: list[Any], options: tuple[str, ...] = (), **more: Any) -> list[str]:
    return [item["name"] for item in need({"env": env, **more}, "", options, SEEN).env]


def test_a_url_brings_what_it_is_made_of_in_order() -> None:
    assert names([OTHER, TEAM, PASSWORD, USER, URL]) == ["TEAM", "PASSWORD", "USER_NAME", "DATABASE_URL"]


def test_what_is_defined_later_is_no_part_of_it_for_kubernetes_either() -> None:
    assert names([USER, URL, TEAM]) == ["USER_NAME", "DATABASE_URL"]


def test_a_doubled_dollar_is_no_reference() -> None:
    assert names([PASSWORD, {"name": "DATABASE_URL", "value": "postgres://$$(PASSWORD)@db/app"}]) == ["DATABASE_URL"]


def test_options_bring_what_they_name() -> None:
    assert names([PASSWORD, TEAM, OTHER], ("--password", "$(PASSWORD)")) == ["PASSWORD"]


def test_lockmasters_own_settings_come_along() -> None:
    own = {"name": "LOCKMASTER_WAIT_FOR_TURN", "value": "1h"}
    assert names([own, OTHER, {"name": "DIRECT_DATABASE_URL", "value": "x"}, URL]) == [
        "LOCKMASTER_WAIT_FOR_TURN", "DIRECT_DATABASE_URL", "DATABASE_URL",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("env", "url_env"),
    [
        ([OTHER, {"name": "POSTGRES_URL", "valueFrom": {}}], "POSTGRES_URL"),
        ([OTHER, {"name": "SHOP", "value": "postgresql://db/shop"}], "SHOP"),
        ([{"name": "DB_URL", "value": "x"}, URL], ""),
    ],
)
def test_another_variable_with_the_url_is_found_and_named(env: list[Any], url_env: str) -> None:
    found = need({"env": env}, "", (), {})
    assert (found.found, found.url_env) == (True, url_env)


def test_env_from_comes_along_where_a_variable_is_in_it() -> None:
    found = need({"envFrom": [MAIL, URLS, DB, UNSEEN]}, "", (), SEEN)
    assert (found.found, found.env_from) == (True, [URLS])
    made_of = need({"env": [URL, OTHER], "envFrom": [MAIL, DB]}, "", (), SEEN)
    assert made_of.env_from == [DB]


def test_env_from_that_is_not_in_these_manifests_may_have_it() -> None:
    found = need({"env": [OTHER], "envFrom": [MAIL, UNSEEN]}, "", (), SEEN)
    assert (found.found, found.possible, found.env_from, found.env) == (False, True, [UNSEEN], [])
    assert need({"env": [URL], "envFrom": [UNSEEN]}, "", (), SEEN).env_from == [UNSEEN]  # USER_NAME may be in it


def test_a_prefix_of_env_from_counts() -> None:
    prefixed = {"prefix": "DB_", "configMapRef": {"name": "urls"}}
    assert not need({"envFrom": [prefixed]}, "", (), SEEN).found
    assert need({"envFrom": [prefixed]}, "DB_DATABASE_URL", (), SEEN).env_from == [prefixed]


@pytest.mark.parametrize(("prefix", "may"), [("MAIL_", False), ("DATABASE_", True), ("", True)])
def test_a_secret_whose_prefix_is_another_is_not_given_away(prefix: str, *, may: bool) -> None:
    unseen = UNSEEN | {"prefix": prefix}
    found = need({"envFrom": [unseen]}, "", (), SEEN)
    assert (found.possible, found.env_from) == (may, [unseen] if may else [])
    beside = need({"env": [URL], "envFrom": [UNSEEN | {"prefix": "MAIL_"}]}, "", (), SEEN)
    assert (beside.found, beside.env_from) == (True, [])


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ("postgres://app@db/app?sslrootcert=/certs/ca.pem", ()),
        ("postgres://app@%2Fcerts/app", ()),
        ("postgres://app@db/app?sslmode=verify-full&sslrootcert=%2Fcerts%2Fca.pem", ()),
        ("x", ("--password-file", "/certs/password")),
    ],
)
def test_files_that_are_named_bring_their_mount(value: str, options: tuple[str, ...]) -> None:
    mounts = [
        {"name": "c", "mountPath": "/certs/"},
        {"name": "d", "mountPath": "/certs2"},
        {"name": "e", "mountPath": "/db"},
    ]
    container = {"env": [{"name": "DATABASE_URL", "value": value}], "volumeMounts": mounts}
    assert need(container, "", options, {}).mounts == [mounts[0]]


def test_the_folder_of_a_proxys_sockets_comes_along_because_a_secret_may_name_it() -> None:
    mount = {"name": "sockets", "mountPath": "/cloudsql"}
    assert need({"env": [PASSWORD], "volumeMounts": [mount]}, "PASSWORD", (), {}).mounts == [mount]
