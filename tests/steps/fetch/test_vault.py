"""Secrets of Vault, against a stand-in for its API (tests/support/vault.py says how far that goes)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError, UnreachableError, UsageError
from lockmaster.prepare.steps.fetch.sources import vault as source
from tests.steps.fetch.looking import mode_of, names_in
from tests.support.cli import run_cli
from tests.support.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.steps.fetch.conftest import Fetch


@pytest.fixture
def vault(fetch: Fetch) -> Iterator[Vault]:
    """Give a server, which the steps find by their environment."""
    with Vault() as server:
        server.secrets["app/db"] = {"password": "s3cret-word", "port": 5432}
        server.old["app/db"] = {"password": "old-word"}
        fetch.environ |= {"VAULT_ADDR": server.address, "VAULT_TOKEN": server.token}
        yield server


def test_a_field(fetch: Fetch, vault: Vault, tmp_path: Path) -> None:
    assert fetch("vault://secret/app/db#password").changed
    assert (tmp_path / "target").read_text() == "s3cret-word"
    assert mode_of(tmp_path / "target") == 0o600
    assert fetch("vault://secret/app/db", field="password").text == "unchanged"
    vault.secrets["app/db"]["password"] = "another-word"
    assert fetch("vault://secret/app/db#password").changed
    assert (tmp_path / "target").read_text() == "another-word"
    assert names_in(tmp_path) == ["target"]  # nothing of it is kept elsewhere
    assert {"s3cret-word", "another-word", vault.token} <= set(fetch.hidden)


def test_all_fields(fetch: Fetch, vault: Vault, tmp_path: Path) -> None:
    fetch("vault://secret/app/db", "in/")
    assert json.loads((tmp_path / "in/db").read_text()) == {"password": "s3cret-word", "port": 5432}


def test_version_1(fetch: Fetch, vault: Vault, tmp_path: Path) -> None:
    fetch("vault://old/app/db#password")
    assert (tmp_path / "target").read_text() == "old-word"


def test_the_login_of_a_pod(fetch: Fetch, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jwt").write_text(vault.jwt)
    monkeypatch.setattr(source, "_ACCOUNT", str(tmp_path / "jwt"))
    del fetch.environ["VAULT_TOKEN"]
    assert fetch("vault://secret/app/db#port", role="app").changed
    assert (tmp_path / "target").read_text() == "5432"
    with pytest.raises(StepFailedError, match="may not be read"):
        fetch("vault://secret/app/db#port", role="other")


def test_a_namespace(fetch: Fetch, vault: Vault) -> None:
    fetch.environ["VAULT_NAMESPACE"] = "team"
    fetch("vault://secret/app/db#password")
    assert vault.asked[-1][1] == "team"


def test_what_is_not_there(fetch: Fetch, vault: Vault) -> None:
    with pytest.raises(StepFailedError, match="vault://secret/nope is not there"):
        fetch("vault://secret/nope#password")
    with pytest.raises(StepFailedError) as caught:
        fetch("vault://secret/app/db#nope")
    assert (caught.value.message, caught.value.hint) == (
        "vault://secret/app/db has no field nope", "it has password, port",
    )  # fmt: skip


def test_a_wrong_token(fetch: Fetch, vault: Vault) -> None:
    with pytest.raises(StepFailedError, match="may not be read with this token"):
        fetch("vault://secret/app/db", token="wrong-token", retries=3)


def test_a_sealed_vault_is_asked_again(fetch: Fetch, vault: Vault) -> None:
    vault.failures += [503, 429]
    assert fetch("vault://secret/app/db", retries=2).changed
    vault.failures += [500, 502]
    with pytest.raises(UnreachableError, match=r"\(2 tries\)"):
        fetch("vault://secret/app/db", retries=1)


def test_no_address(fetch: Fetch, vault: Vault) -> None:
    del fetch.environ["VAULT_ADDR"]
    with pytest.raises(UsageError, match="VAULT_ADDR is not set"):
        fetch("vault://secret/app/db")
    fetch.environ["VAULT_ADDR"] = "http://127.0.0.1:1"
    with pytest.raises(UnreachableError):
        fetch("vault://secret/app/db")


def test_nothing_secret_is_told(vault: Vault, tmp_path: Path) -> None:
    env = {"VAULT_ADDR": vault.address, "VAULT_TOKEN": vault.token}
    done = run_cli(["fetch", "vault://secret/app/db#password", tmp_path / "x", "--verbose"], env=env)
    assert done.returncode == 0, done.stderr
    assert not any(word in done.stdout + done.stderr for word in ("s3cret-word", vault.token))
