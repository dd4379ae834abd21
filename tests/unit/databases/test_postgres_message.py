"""Messages: how much goes into one, and which place in the file a place in it is."""

from lockmaster.databases.postgres import message
from lockmaster.databases.postgres.message import Chunk
from lockmaster.engine.model import Unit

LIMITS = message.Limits(800, 0)
SETTINGS = message.session_settings(18_00_00, "")


def unit(body: bytes, *parts: int) -> Unit:
    return Unit("1_m", body, 0, 1, ("INSERT INTO h VALUES (1)",), parts=parts)


def composed(units: list[Unit], most: int = message.BIG) -> list[message.Message]:
    return list(message.messages(message.compose(units, message.proof(7), 7, LIMITS, SETTINGS, "SELECT 42"), most))


def test_what_is_not_big_is_one_message() -> None:
    (one,) = composed([unit(b"SELECT 1"), unit(b"SELECT 2"), unit(b"x" * (message.BIG - 2000))])
    assert one.text.count(b"BEGIN ") == one.text.count(b"COMMIT;") == 3
    assert one.text.endswith(b"SELECT 42")
    assert one.passed is None
    assert [one.text[place.start : place.end] for place in one.places[:2]] == [b"SELECT 1", b"SELECT 2"]
    assert one.locate(one.places[1].start + 3) == (1, 3)
    assert one.locate(0) is None


def test_of_a_big_one_the_proof_is_in_the_first_and_the_record_in_the_last() -> None:
    body = b"A" * 1000 + b"B" * 1000 + b"C" * 1000
    first, second, third = composed([unit(body, 1000, 2000)], most=1900)
    assert first.text.startswith(b"BEGIN ")
    assert first.text.endswith(message.proof(7).encode() + b"A" * 1000)
    assert second.text == b"B" * 1000
    assert third.text.startswith(b"C" * 1000 + b"\n;")
    assert b"INSERT INTO h" in third.text
    assert third.text.endswith(b"COMMIT;SELECT 42")
    assert [one.passed for one in (first, second, third)] == [None, 1000, 2000]
    assert second.locate(5) == (0, 1005)
    assert third.locate(0) == (0, 2000)


def test_one_big_statement_is_never_copied() -> None:
    body = b"x" * 10_000
    first, second, third = composed([unit(body)], most=1900)
    assert second.text is body
    assert (first.places, third.places, third.passed) == ((), (), 10_000)


def test_nothing_is_cut_that_must_not_be() -> None:
    assert list(message.messages([Chunk(b"a"), Chunk(b"b" * 9, 0), Chunk(b"c")], 3)) == [
        message.Message(b"a", ()),
        message.Message(b"b" * 9, (message.Place(0, 0, 9, 0),), 0),
        message.Message(b"c", (), 9),
    ]
