"""RabbitMQ, Kafka, MongoDB.

No MongoDB server can be had for the tests. What is proved of it is that the driver is asked rightly: a server that
refuses, is silent or speaks something else is told in time, and a wrong URL at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import UsageError
from tests.steps.wait.looks import look
from tests.support.kafka import Kafka
from tests.support.ports import free_port
from tests.support.rabbitmq import RabbitMQ
from tests.support.speaker import Speaker, says

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import Authority


@pytest.fixture(scope="module")
def rabbitmq(good: tuple[Path, Path]) -> Iterator[RabbitMQ]:
    with RabbitMQ(good) as server:
        yield server


@pytest.mark.xdist_group("rabbitmq")
def test_rabbitmq(rabbitmq: RabbitMQ, authority: Authority, capfd: pytest.CaptureFixture[str]) -> None:
    """Its words for a wrong password and an unknown virtual host; and nothing on stderr, where pika would write."""
    place = f"{rabbitmq.host}:{rabbitmq.port}"
    assert look(f"amqp://app:secret@{place}") == (True, "", False)
    assert look(f"amqp://app:secret@{place}/%2F").ready
    assert look(f"amqp://{place}", user="app", password="secret").ready
    assert "ACCESS_REFUSED" in look(f"amqp://app:wrong@{place}").state
    assert look(f"amqp://app:secret@{place}/nope").state == "NOT_ALLOWED - vhost nope not found"
    secure = f"amqps://app:secret@{rabbitmq.host}:{rabbitmq.tls_port}"
    assert look(secure, ca=authority.ca).ready
    assert look(secure).state == "TLS: unable to get local issuer certificate"
    assert capfd.readouterr().err == ""


def test_amqp_servers_that_answer_wrongly(mute: Speaker, capfd: pytest.CaptureFixture[str]) -> None:
    assert look(f"amqp://127.0.0.1:{free_port()}").state == "connection refused"
    assert look(f"amqp://127.0.0.1:{mute.port}", limit=1.0).state == "login: no answer within 1s"
    with Speaker(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        assert not look(f"amqp://127.0.0.1:{server.port}", limit=1.0).ready
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_kafka(capfd: pytest.CaptureFixture[str]) -> None:
    """Its metadata; a topic that is not there is not made by asking for it."""
    from confluent_kafka.admin import AdminClient, NewTopic

    with Kafka() as server:
        place = f"{server.host}:{server.port}"
        assert look(f"kafka://{place}", limit=20.0) == (True, "1 broker", False)
        assert look(f"kafka://127.0.0.1:{free_port()},{place}", limit=20.0).ready
        for _ in range(2):
            assert look(f"kafka://{place}/orders", limit=20.0).state == "there is no topic orders"
        client = AdminClient({"bootstrap.servers": place, "log_level": 0})
        client.create_topics([NewTopic("orders", 2, 1)])["orders"].result(20)
        assert look(f"kafka://{place}/orders", limit=20.0).ready
        seen = look(f"kafka://app:secret@{place}", limit=3.0)
        assert seen.state.startswith("SASL PLAIN mechanism handshake failed")
        seen = look(f"kafka://{place}?security.protocol=SSL", limit=3.0)
        assert seen.state.startswith("SSL handshake failed")
    assert capfd.readouterr().err == ""


def test_kafka_servers_that_answer_wrongly(mute: Speaker, capfd: pytest.CaptureFixture[str]) -> None:
    assert look(f"kafka://127.0.0.1:{free_port()}").state == "connection refused"
    seen = look(f"kafka://127.0.0.1:{mute.port}", limit=1.0)
    assert seen.state == "asking for metadata: no answer within 1s"
    assert capfd.readouterr().err == ""


def test_kafka_parameters_that_do_not_exist(mute: Speaker) -> None:
    with pytest.raises(UsageError, match=r'No such configuration property: "securiti\.protocol"'):
        look(f"kafka://127.0.0.1:{mute.port}?securiti.protocol=SSL")


def test_mongodb_without_a_server(mute: Speaker, capfd: pytest.CaptureFixture[str]) -> None:
    assert look(f"mongodb://127.0.0.1:{free_port()},127.0.0.1:{free_port()}/app").state == "connection refused"
    assert look(f"mongodb://127.0.0.1:{mute.port}", limit=1.0).state == "ping: no answer within 1s"
    with Speaker(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        assert not look(f"mongodb://127.0.0.1:{server.port}", limit=1.0).ready
    assert capfd.readouterr().err == ""


def test_mongodb_urls_that_cannot_be_read(mute: Speaker) -> None:
    with pytest.raises(UsageError) as caught:
        look(f"mongodb://app:p@ss:w0rd@127.0.0.1:{mute.port}/app")
    assert "w0rd" not in caught.value.message
