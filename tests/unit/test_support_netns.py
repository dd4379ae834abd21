"""A pulled cable really drops: no answer, and no end of connection."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import until
from tests.support.netns import TwoMachines
from tests.support.postgres import start_server

pytestmark = pytest.mark.netns

CLIENT = """
import psycopg2, sys
connection = psycopg2.connect(sys.argv[1], application_name="client")
connection.autocommit = True
for line in sys.stdin:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'answer'")
        print(cursor.fetchone()[0], flush=True)
"""


def ping(net: TwoMachines) -> int:
    script = "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)"
    return net.client.run([sys.executable, "-c", script, net.server.address, "1"], stderr=subprocess.PIPE).wait(9)


def test_link_down_drops_and_link_up_brings_it_back(tmp_path: Path) -> None:
    with TwoMachines() as net:
        server = start_server("wheel18", listen=net.server.address, prefix=net.server.prefix)
        argv = [sys.executable, "-c", CLIENT, server.url()]
        said = tmp_path / "said"
        with said.open("wb") as out:
            client = net.client.run(argv, stdin=subprocess.PIPE, stdout=out, stderr=out)
        assert client.stdin is not None
        client.stdin.write(b"go\n")
        client.stdin.flush()
        until(lambda: said.read_text() == "answer\n", said.read_text)

        net.link_down()
        client.stdin.write(b"go\n")
        client.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            client.wait(1.5)
        assert said.read_text() == "answer\n"

        net.link_up()
        until(lambda: said.read_text() == "answer\nanswer\n", said.read_text)
        client.stdin.close()
        assert client.wait(10) == 0
        server.destroy()


def test_nothing_is_left_behind() -> None:
    with TwoMachines() as net:
        names = [net.server.name, net.client.name]
        sleeper = net.client.run(["sleep", "60"])
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert not any(name in left for name in names)
    assert sleeper.poll() is not None
