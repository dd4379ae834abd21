"""THIRD-PARTY: the licence texts of all that is inside. What has none here cannot be put in: the build fails.

THIRD-PARTY/CONTENTS.txt says for each package and each library file which texts are its own.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import Distribution

TEXTS = Path(__file__).resolve().parent / "licences"
FOLDER = "THIRD-PARTY"
CONTENTS = "CONTENTS.txt"
_NAMED = re.compile(r"^(licen[cs]e|copying|notice|authors|.*\.spdx\.json$|.*\.cyclonedx\.json$)", re.IGNORECASE)
_REFERRED = (
    "apache-2.0",
    "lgpl-2",
    "lgpl-2.1",
    "lgpl-3",
    "gpl-2",
    "gpl-3",
    "mpl-2.0",
)  # texts that other texts refer to

# name of a library file, from its beginning -> name of its text
LIBRARIES = {
    "ld-linux": "glibc", "libc.so": "glibc", "libm.so": "glibc", "libmvec.so": "glibc", "libdl.so": "glibc",
    "libpthread.so": "glibc", "librt.so": "glibc", "libutil.so": "glibc", "libresolv.so": "glibc", "libanl.so": "glibc",
    "libgcc_s": "gcc", "libstdc++": "gcc", "libpython": "cpython", "libz.so": "zlib", "libexpat": "expat",
    "libsqlite3": "sqlite", "libffi": "libffi", "libbz2": "bzip2", "liblzma": "xz", "libssl": "openssl",
    "libcrypto": "openssl", "libpq": "postgresql", "libgssapi_krb5": "krb5", "libk5crypto": "krb5", "libkrb5": "krb5",
    "libkrb5support": "krb5", "libcom_err": "com_err", "libkeyutils": "keyutils", "liblber": "openldap",
    "libldap": "openldap", "libsasl2": "cyrus-sasl", "libselinux": "libselinux", "libpcre": "pcre",
    "libcrypt-": "libxcrypt", "libcrypt.so": "libxcrypt", "librdkafka": "librdkafka",
}  # fmt: skip
# packages whose wheels carry no text, or not that of what is compiled into them
PACKAGES = {"obstore": ("obstore",), "pyyaml": ("libyaml",), "confluent-kafka": ("librdkafka",)}


class Licences:
    """Collects the texts of one folder."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lines: list[str] = []

    def package(self, distribution: Distribution) -> None:
        """Take the texts of a wheel."""
        name = canonicalize_name(distribution.name)
        texts = [self._own_text(text) for text in PACKAGES.get(name, ())]
        for file in distribution.files or []:
            if ".dist-info/" in file.as_posix() and _NAMED.match(file.name):
                place = self._folder / name / file.name
                place.parent.mkdir(exist_ok=True)
                shutil.copyfile(Path(str(file.locate())), place)
                texts.append(f"{name}/{file.name}")
        self._add(f"{name} {distribution.version}", sorted(set(texts)))

    def library(self, name: str) -> None:
        """Take the text of a shared library, by the name of its file."""
        found = [text for prefix, text in LIBRARIES.items() if name.startswith(prefix)]
        self._add(name, [self._own_text(found[0])] if found else [])

    def part(self, name: str, *texts: str) -> None:
        """Take the texts of something that is no package and no library."""
        self._add(name, [self._own_text(text) for text in texts])

    def write(self) -> None:
        """Write the list, and the texts that others refer to."""
        for text in _REFERRED:
            self._own_text(text)
        (self._folder / CONTENTS).write_text("\n".join(sorted(set(self._lines))) + "\n")

    def _own_text(self, text: str) -> str:
        shutil.copyfile(TEXTS / f"{text}.txt", self._folder / f"{text}.txt")
        return f"{text}.txt"

    def _add(self, what: str, texts: Iterable[str]) -> None:
        texts = list(texts)
        if not texts:
            msg = f"{what} has no licence text: add it to tools/bundle/licences, and to the tables of licences.py"
            raise SystemExit(msg)
        self._lines.append(f"{what}: {', '.join(texts)}")
