"""`mongodb://`, `mongodb+srv://`: the server that the URL's read preference chooses (the primary) answers a ping.

The URL goes to the driver as it is; with a user in it, the login must succeed.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lockmaster.errors import UsageError
from lockmaster.prepare.steps.wait.address import password
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen, Target
from lockmaster.prepare.steps.wait.net import reach
from lockmaster.settings.secret import mask, mask_url

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.spec import Wanted


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    shown = mask(mask_url(wanted.url))
    scheme, _, rest = wanted.url.partition("://")
    hosts = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    if not hosts or not all(part.strip() for part in hosts.split(",")):
        raise UsageError(f"{shown!r} has no host", hint=f"{scheme}://HOST/DATABASE")
    return shown


def probe(target: Target, look: Look) -> Seen:
    """Ping."""
    from pymongo import MongoClient
    from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError

    _reach(target, look)
    look.doing = "ping"
    millis = max(1, int(look.left() * 1000))
    try:
        with MongoClient(target.wanted.url, appname="lockmaster", **_options(target, millis)) as client:
            client.admin.command("ping")
    except InvalidURI as error:
        raise UsageError(f"{target.shown}: {mask(str(error))}", hint="percent-encode what is special") from error
    except (ConfigurationError, PyMongoError) as error:
        raise _failed(error) from error
    return Seen(ready=True)


def _reach(target: Target, look: Look) -> None:
    """The driver tells at the end of its time that nobody was there; a connection of our own tells at once, and why."""
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    if not target.wanted.url.lower().startswith("mongodb+srv:"):  # who is there, only a name server knows
        with suppress(PyMongoError):
            places = [(host, port or 0) for host, port in parse_uri(target.wanted.url)["nodelist"]]
            reach(places, look)


def _options(target: Target, millis: int) -> dict[str, Any]:
    wanted = target.wanted
    limits = ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS")
    options: dict[str, Any] = dict.fromkeys(limits, millis)
    if wanted.user:
        options["username"] = wanted.user
    if secret := password(target, wanted.password):
        options["password"] = secret
    if wanted.ca:
        options |= {"tls": True, "tlsCAFile": os.path.join(target.folder, wanted.ca)}
    if wanted.insecure:
        options |= {"tls": True, "tlsAllowInvalidCertificates": True}
    return options


def _failed(error: Exception) -> Exception:
    """The driver's text, without what changes from look to look: its limits, its view of the servers."""
    text = re.sub(r"\[Errno -?[0-9]+\] ", "", str(error))
    for end in (" (configured timeouts", ", Timeout:", ", full error:"):
        text = text.partition(end)[0]
    if "timed out" in text or text == "No servers found yet":
        return TimeoutError()
    return NotReadyError(text)
