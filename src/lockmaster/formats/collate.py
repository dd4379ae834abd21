"""The order of names in JavaScript's `localeCompare`, which is the order in which Prisma applies (FIELD 1.4).

That is ICU's root collation. This is exact for ASCII and for letters that are ASCII letters with accents; other scripts
stand after them by code point. Byte order would be wrong: `20240101_b` < `20240101_B` < `20240101_c` there.
"""

from __future__ import annotations

# What ICU's root collation has in this order (tests ask node): blanks, punctuation, symbols, digits, letters.
_SIGNS = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
# Other control characters weigh nothing there.
_WEIGHTLESS = bytes(code for code in (*range(9), *range(14, 32), 127))


def _table(upper: str, lower: str) -> bytes:
    weights = bytearray(128)
    for weight, sign in enumerate(_SIGNS + _ALPHABET, 1):
        weights[ord(sign)] = weight
    for one, other in zip(upper, lower, strict=True):
        weights[ord(one)] = weights[ord(other)]
    return bytes(weights) + bytes(128)


_LETTERS = _ALPHABET[10:]
_PRIMARY = _table(_LETTERS.upper(), _LETTERS)
_CASE = bytes(2 if 65 <= code <= 90 else 1 for code in range(256))


def key(name: str) -> tuple[str, str, str, str]:
    """Sort key: letters first, then accents, then lower before upper case; at last the name, to tell all apart."""
    if not name.isascii():
        return _wide_key(name)
    raw = name.encode()
    primary = raw.translate(_PRIMARY, _WEIGHTLESS).decode("latin-1")
    return primary, "\1" * len(primary), raw.translate(_CASE, _WEIGHTLESS).decode("latin-1"), name


def compare(one: str, other: str) -> int:
    """Negative, 0 or positive, as `one.localeCompare(other)`."""
    if one == other:
        return 0
    return -1 if key(one) < key(other) else 1


def _wide_key(name: str) -> tuple[str, str, str, str]:
    import unicodedata

    primary, accents, case = [], [], []
    for char in unicodedata.normalize("NFD", name):
        if unicodedata.combining(char):
            accents.append(char)
        elif char.isascii():
            letter, _, cased, _ = key(char)
            primary.append(letter)
            accents.append("\1" * len(letter))
            case.append(cased)
        else:
            primary.append(char.lower())
            accents.append("\1")
            case.append("\2" if char.isupper() else "\1")
    return "".join(primary), "".join(accents), "".join(case), name
