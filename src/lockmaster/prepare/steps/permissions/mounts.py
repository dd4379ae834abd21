"""What is mounted below a folder: another volume, which was not named.

The number of a mount is told by /proc/self/fdinfo. Unlike the number of the device it also tells a second mount of the
same disk, which is what a subPath is; and it is only asked where the kernel says that there is a mount below at all.
"""

from __future__ import annotations

import os
import re


def number_of(handle: int) -> str:
    """The number of the mount that this descriptor was opened in, "" where the kernel does not tell."""
    try:
        with open(f"/proc/self/fdinfo/{handle}", encoding="ascii") as file:
            return next((line.split()[1] for line in file if line.startswith("mnt_id:")), "")
    except OSError:
        return ""


def any_below(handle: int) -> bool:
    """Whether anything is mounted below this folder."""
    try:
        root = os.readlink(f"/proc/self/fd/{handle}").rstrip("/") + "/"
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return any(_unescaped(line.split(" ")[4]).startswith(root) for line in file)
    except OSError:
        return True  # then each folder is asked


def _unescaped(path: str) -> str:
    """The kernel writes blanks as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)
