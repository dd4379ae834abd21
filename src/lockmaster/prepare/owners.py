"""Owners as chown takes them: `999`, `999:999`, `app`, `app:app`, `:999`, and `app:` for the user's own group."""

from __future__ import annotations

from lockmaster.errors import UsageError
from lockmaster.values import NamedTuple

KEEP = -1  # what chown(2) takes for "as it is"
_MOST = 2**32 - 2


class Owner(NamedTuple):
    """Numbers, KEEP for what is to stay."""

    user: int = KEEP
    group: int = KEEP

    def __bool__(self) -> bool:
        return self.user != KEEP or self.group != KEEP


def parse(owner: str | int, group: str | int = "") -> Owner:
    """Names are looked up in this container. Raises UsageError for one that it does not know."""
    user, colon, named = str(owner).partition(":")
    if colon and str(group):
        raise UsageError(
            f"the group is named twice: {owner} and {group}", hint="owner: 999 and group: 999, or owner: 999:999"
        )
    if colon and not named and user:
        return Owner(_user(user), _own_group(user))
    named = named or str(group)
    return Owner(_user(user) if user else KEEP, _group(named) if named else KEEP)


def shown(user: int, group: int) -> str:
    """Numbers as people write them: 999:999."""
    return f"{user}:{group}"


def _user(name: str) -> int:
    if (number := _number(name, "user")) is not None:
        return number
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise _unknown("user", name) from None


def _group(name: str) -> int:
    if (number := _number(name, "group")) is not None:
        return number
    import grp

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise _unknown("group", name) from None


def _own_group(name: str) -> int:
    import pwd

    try:
        return pwd.getpwuid(int(name)).pw_gid if name.isdigit() else pwd.getpwnam(name).pw_gid
    except (KeyError, OverflowError):
        raise _unknown("user", name) from None


def _number(text: str, what: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    if int(text) > _MOST:
        raise UsageError(f"{text} is not a {what}: the largest number is {_MOST}")
    return int(text)


def _unknown(what: str, name: str) -> UsageError:
    hint = f"give its number: names are those of this container's /etc/{'passwd' if what == 'user' else 'group'}"
    return UsageError(f"there is no {what} {name!r} here", hint=hint)
