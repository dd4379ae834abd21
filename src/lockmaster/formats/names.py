"""What file names say: the version in front, and how a person's words become a name."""

from __future__ import annotations

_LONGEST = 200  # as Prisma cuts: `slugify(name, {separator: "_"}).substring(0, 200)`


def version_of(stem: str) -> str:
    """The version of `007_add_users` in canonical digits: `7`. Empty when there is none."""
    digits = digits_of(stem)
    return digits and (digits.lstrip("0") or "0")


def digits_of(stem: str) -> str:
    """The version of `007_add_users` as it is written: `007`. Empty when there is none."""
    digits, _, name = stem.partition("_")
    return digits if name and digits.isascii() and digits.isdecimal() else ""


def slug(text: str) -> str:
    """`Add users' e-mail` as `add_users_e_mail`: ASCII, the same name on every file system. May be empty."""
    import re
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain.replace("'", "")).strip("_")[:_LONGEST].rstrip("_")
