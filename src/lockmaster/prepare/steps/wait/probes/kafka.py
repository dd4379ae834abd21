"""`kafka://host:port,host:port/topic`: the cluster gives its metadata; a topic that is named has a leader everywhere.

Parameters of the URL are librdkafka's own: `?security.protocol=SASL_SSL&sasl.mechanism=PLAIN`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from lockmaster.errors import UsageError
from lockmaster.prepare.steps.wait.address import addresses, password
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen, Target
from lockmaster.prepare.steps.wait.net import reach

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.address import Address
    from lockmaster.prepare.steps.wait.spec import Wanted

_PORT = 9092


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    places = addresses(wanted, _PORT)
    if "/" in places[0].path.strip("/"):
        raise UsageError(f"{places[0].path!r} is not a topic", hint="kafka://HOST:9092/TOPIC")
    return places[0].shown


def probe(target: Target, look: Look) -> Seen:
    """Ask for the metadata of all topics: to ask for one could create it."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    places = addresses(target.wanted, _PORT)
    # librdkafka says only that it got nothing; a connection of our own says why
    reach([(place.host, place.port) for place in places], look)
    look.doing = "asking for metadata"
    told: list[str] = []
    settings = _settings(target, look, places) | {"error_cb": lambda error: told.append(error.str())}
    try:
        client = AdminClient(settings, logger=_silent())
    except KafkaException as error:
        raise UsageError(f"{target.shown}: {error.args[0].str()}", hint="parameters are librdkafka's own") from error
    try:
        found = client.list_topics(timeout=look.left())
    except KafkaException as error:
        client.poll(0)  # it tells what it met
        raise _failed(error, told) from error
    topic = unquote(places[0].path.strip("/"))
    if topic:
        _judge(found.topics.get(topic), topic)
    return Seen(ready=True, state=f"{len(found.brokers)} broker{'' if len(found.brokers) == 1 else 's'}")


def _settings(target: Target, look: Look, places: list[Address]) -> dict[str, Any]:
    wanted = target.wanted
    settings: dict[str, Any] = {
        "bootstrap.servers": ",".join(
            f"[{p.host}]:{p.port}" if ":" in p.host else f"{p.host}:{p.port}" for p in places
        ),
        "client.id": "lockmaster",
        "socket.timeout.ms": max(10, int(look.seconds * 1000)),
        "log_level": 0,
        "reconnect.backoff.ms": 1000,
    }
    if places[0].user:
        settings |= {"sasl.username": places[0].user, "sasl.password": password(target, places[0].password)}
        settings |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}
    files = {"ssl.ca.location": wanted.ca, "ssl.certificate.location": wanted.cert}
    files["ssl.key.location"] = wanted.key or wanted.cert
    given = {key: os.path.join(target.folder, name) for key, name in files.items() if name}
    if given:
        settings["security.protocol"] = "SASL_SSL" if places[0].user else "SSL"
    return settings | given | dict(parse_qsl(places[0].query, keep_blank_values=True))


def _judge(topic: Any, name: str) -> None:
    if topic is None or topic.error is not None or not topic.partitions:
        raise NotReadyError(f"there is no topic {name}")
    without = sum(1 for partition in topic.partitions.values() if partition.leader < 0)
    if without:
        raise NotReadyError(f"{without} of {len(topic.partitions)} partitions of {name} have no leader")


def _failed(error: Any, told: list[str]) -> Exception:
    """A handshake or login that failed, in librdkafka's words without its address and its times."""
    from confluent_kafka import KafkaError

    for text in told:
        if "handshake failed" in text or "uthentication fail" in text:
            return NotReadyError(text.partition(": ")[2].partition(" (after ")[0].rstrip(": "))
    cause = error.args[0]
    if cause.code() in (KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN):  # noqa: SLF001
        return TimeoutError()  # it was reached a moment ago; what came after that was no answer
    return NotReadyError(cause.str())


def _silent() -> Any:
    import logging

    logger = logging.getLogger("lockmaster.kafka")
    logger.setLevel(logging.CRITICAL + 1)  # it writes to stderr what it raises as well
    return logger
