"""What every error of the program has to look like, in text and in JSON, and in the container's last words."""

import json
import re
from typing import Any

from lockmaster.errors import Exit
from tests.facts.lab import Ended, Lab

SECRET = "S3cr3t!pw"
SECRETS = (SECRET, "S3cr3t%21pw")
LAST_WORDS = 4096


def fails(
    lab: Lab, status: Exit, *options: str, hint: str = "", hinted: bool = True, command: str = "migrate", **given: Any
) -> str:
    """Run it in text and again in JSON: both fail with this status, and say the same. The text is given back.

    The error is one line, has a hint (that contains `hint`), no traceback and no secret. `hinted=False` is for an
    error that says all there is to do.
    """
    plain = lab.run(*options, command=command, **given)
    text = check_text(plain, status)
    assert "hint: " in text or not hinted, text
    assert hint in text.partition("hint: ")[2], text
    told = lab.run("--log-format=json", *options, command=command, **given)
    assert check_json(told, status)["hint"] or not hinted
    return text


def check_text(ended: Ended, status: Exit) -> str:
    """Look at a run in text; what it wrote to stderr is given back."""
    assert ended.status == status, f"{ended.status} instead of {status!r}:\n{ended.text}"
    errors = [line for line in ended.err.splitlines() if line.startswith("error:")]
    assert len(errors) == 1, ended.err
    assert len(errors[0]) < 600, errors
    _check(ended)
    return ended.err


def check_json(ended: Ended, status: Exit) -> dict[str, Any]:
    """Look at a run in JSON; its error is given back."""
    assert ended.status == status, ended.text
    lines = [json.loads(line) for line in ended.err.splitlines()]
    failed: list[dict[str, Any]] = [line for line in lines if line["event"] == "failed"]
    assert len(failed) == 1, ended.err
    assert failed[0]["level"] == "error"
    assert failed[0]["exit"] == status
    assert failed[0]["retry"] is (status in {Exit.UNREACHABLE, Exit.NO_TURN, Exit.STOPPED})
    assert "\n" not in failed[0]["message"]
    _check(ended)
    return failed[0]


def _check(ended: Ended) -> None:
    said = ended.text + ended.last_words.decode()  # valid UTF-8
    assert "Traceback" not in said
    assert "bug of Lockmaster" not in said
    assert not any(secret in said for secret in SECRETS), said
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", said), "no control characters"
    assert 0 < len(ended.last_words) <= LAST_WORDS
    assert ended.last_words.startswith(b"error: ")
