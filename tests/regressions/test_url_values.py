"""Values in a URL that ended in a traceback, in two minutes of waiting, or at another server's port."""

import pytest

from lockmaster.databases.postgres.url import parse
from tests.facts.lab import Lab

BAD = ["connect_timeout=abc", "connect_timeout=nan", "connect_timeout=-1", "sslmode=sometimes", "user=%00"]


@pytest.mark.parametrize("value", BAD)
def test_bad_values_are_told_at_once(lab: Lab, value: str) -> None:
    """Exit 2, one line."""
    lab.write("1_m", "CREATE TABLE t ();")
    ended = lab.run(url=f"{lab.url}?{value}", limit=20.0)
    assert ended.status == 2, ended.text
    assert "bug" not in ended.err


def test_a_port_that_no_host_has(lab: Lab) -> None:
    """Waiting for it does not help."""
    lab.write("1_m", "CREATE TABLE t ();")
    assert lab.run(url="postgresql://u:p@127.0.0.1:99999/d", limit=20.0).status == 2


@pytest.mark.parametrize(
    ("url", "hosts", "ports"),
    [
        ("postgresql://a,b:2/d", "a,b", ",2"),
        ("postgresql://a:1,b/d", "a,b", "1,"),
        ("postgresql://a,b/d", "a,b", None),
        ("postgresql://a:1,b:2/d", "a,b", "1,2"),
        ("postgresql:///d", None, None),
    ],
)
def test_each_host_keeps_its_own_port(url: str, hosts: str | None, ports: str | None) -> None:
    """`a,b:2` sent a to b's port."""
    keywords = parse(url).keywords
    assert (keywords.get("host"), keywords.get("port")) == (hosts, ports)
