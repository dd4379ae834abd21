"""`kube://[NAMESPACE/]KIND/NAME[?what]`: one object, and what it is to be.

kube://job/migrate                          what is ready for its kind
kube://deployment/web?condition=Available   a condition is True; ?condition=Ready=False: or what is named
kube://pod/web-0?jsonpath={.status.phase}=Running    kubectl's path has that value; without one: has any
kube://secret/db?exists                     it is there
kube://job/old?absent                       it is not there
kube://job/migrate?gone=complete            a Job that is not there counts as complete: its TTL has removed it
"""

from __future__ import annotations

from urllib.parse import unquote

from lockmaster.errors import UsageError
from lockmaster.kube.jsonpath import JsonPath, PathError
from lockmaster.kube.kinds import Kind, named
from lockmaster.values import NamedTuple

READY_BY_ITSELF = ("Job", "Pod", "Service", "Deployment", "StatefulSet", "DaemonSet", "PersistentVolumeClaim")
_FORM = "write for example kube://job/migrate or kube://NAMESPACE/deployment/web?condition=Available"
_QUESTIONS = ("condition", "jsonpath", "exists", "absent", "gone")


class Aim(NamedTuple):
    """One object, and what it is to be."""

    kind: Kind
    namespace: str  # "" is our own
    name: str
    want: str = "ready"  # ready, condition, jsonpath, exists, absent
    condition: tuple[str, str] = ("", "")  # type and status
    path: JsonPath | None = None
    value: str | None = None  # of the path; None is any
    gone: bool = False  # a Job that is not there counts as complete
    shown: str = ""


def aim(url: str) -> Aim:
    """Read it. Raises UsageError for what can never be right; asks nobody."""
    scheme, found, rest = url.partition("://")
    place, _, query = rest.partition("?")
    parts = [unquote(part) for part in place.strip("/").split("/")]
    if not found or scheme.lower() != "kube" or len(parts) not in (2, 3) or not all(parts):
        raise UsageError(f"{url!r} does not name an object", hint=_FORM)
    kind = named(parts[-2])
    read = Aim(kind, parts[0] if len(parts) == 3 else "", parts[-1], shown=url)
    if read.namespace and not kind.namespaced:
        raise UsageError(f"{url}: a {kind.name} stands in no namespace", hint=f"kube://{parts[-2]}/{read.name}")
    for question in filter(None, query.split("&")):
        word, equals, text = question.partition("=")
        read = _asked(read, url, word, unquote(text) if equals else None)
    if read.want == "ready" and kind.name not in READY_BY_ITSELF:
        hint = "add ?condition=Ready, ?jsonpath={.status.phase}=Active, ?exists or ?absent"
        raise UsageError(f"{url}: what makes a {kind.name} ready is not known here", hint=hint)
    return read


def _asked(read: Aim, url: str, word: str, text: str | None) -> Aim:
    if word not in _QUESTIONS:
        from lockmaster.settings.suggest import did_you_mean

        hint = did_you_mean(word, _QUESTIONS) or f"one of {', '.join(_QUESTIONS)}"
        raise UsageError(f"{url}: nothing is known about {word!r}", hint=hint)
    if word == "gone":
        if text not in ("complete", "wait") or read.kind.name != "Job":
            raise UsageError(
                f"{url}: gone is `complete` or `wait`, and for a Job", hint="kube://job/NAME?gone=complete"
            )
        return read._replace(gone=text == "complete")
    if read.want != "ready":
        raise UsageError(f"{url} asks for two things", hint=f"make it two targets, one of them without {word}")
    if word in ("exists", "absent"):
        if text:
            raise UsageError(f"{url}: {word} has no value", hint=f"?{word}")
        return read._replace(want=word)
    if not text:
        raise UsageError(f"{url}: {word} is empty", hint="?condition=Ready or ?jsonpath={.status.phase}=Running")
    if word == "condition":
        kind, _, status = text.partition("=")
        return read._replace(want=word, condition=(kind, status or "True"))
    return _with_path(read, url, text)


def _with_path(read: Aim, url: str, text: str) -> Aim:
    """`{.a.b}=value`, or `{.a.b}`; as with kubectl, the braces may be left out where no `=` is in the path."""
    if text.startswith("{"):
        end = text.find("}")
        path, rest = text[: end + 1], text[end + 1 :]
        equals, value = bool(rest), rest[1:]
        wrong = end < 0 or (rest and not rest.startswith("="))
    else:
        path, sign, value = text.partition("=")
        equals, wrong = bool(sign), False
    if wrong or (equals and not value):
        raise UsageError(f"{url}: {text!r} is not a path with a value", hint="jsonpath={.status.phase}=Running")
    try:
        return read._replace(want="jsonpath", path=JsonPath(path), value=value if equals else None)
    except PathError as error:
        raise UsageError(f"{url}: {error}", hint="jsonpath={.status.phase}=Running") from error
