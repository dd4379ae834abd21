"""What goes into the bundle, and what only the image has beside it."""

from __future__ import annotations

import re

# Extras of pyproject.toml. The bundle has to stay below its limit; the image's folder `extras` holds the rest.
BUNDLE_EXTRAS = ("render", "completion")
IMAGE_EXTRAS = ("fetch", "kube", "wait")

BUNDLE_LIMIT = 15_000_000  # bytes of the folder as tar.gz
IMAGE_LIMIT = 60_000_000  # bytes of all layers, compressed

# Names at the top of the standard library that a tool for the command line never imports.
STDLIB_WITHOUT = re.compile(
    r"^(__pycache__|__phello__|config-.*|curses|dbm|dist-packages|distutils|ensurepip|idlelib|lib2to3|lib-dynload|msilib|"
    r"pydoc_data|site-packages|sitecustomize\.py|test|tkinter|turtle\.py|turtledemo|unittest|venv|wsgiref|xmlrpc|"
    r"(_aix_support|_osx_support|_pyio|_pydecimal|aifc|antigravity|asynchat|asyncore|cProfile|cgi|cgitb|chunk|cmd|code|crypt|"
    r"doctest|ftplib|imaplib|imghdr|mailbox|mailcap|modulefinder|nntplib|pdb|pickletools|pipes|poplib|profile|pstats|pyclbr|"
    r"pydoc|rlcompleter|smtpd|smtplib|sndhdr|sunau|symtable|tabnanny|telnetlib|this|timeit|trace|turtle|uu|wave|webbrowser|"
    r"xdrlib|zipapp)\.py|[^.]+|.*\.(txt|a|o|so))$"
)
STDLIB_FOLDERS = re.compile(
    r"^(asyncio|collections|concurrent|ctypes|email|encodings|html|http|importlib|json|logging|multiprocessing|re|"
    r"sqlite3|tomllib|urllib|xml|zoneinfo)$"
)
# Extension modules that stay out: tests, other systems, and those whose libraries are under the GPL or another copyleft.
EXTENSIONS_WITHOUT = re.compile(
    r"^(_?xx.*|_test.*|_ctypes_test|_curses.*|_crypt|_dbm|_gdbm|_lsprof|_tkinter|_uuid|_codecs_(cn|hk|jp|kr|tw|iso2022)|"
    r"_multibytecodec|audioop|nis|ossaudiodev|readline|spwd)\."
)
# Files of packages that nothing reads at run time.
PACKAGES_WITHOUT = re.compile(
    r"(^|/)(__pycache__|tests?|testing/suite)/|\.(pyi|pyx|pxd|pxi|c|h|cpp|hpp|cc|typed)$|(^|/)py\.typed$|^bin/|^\.\./"
)
