"""A large statement, handed to SQLite as the bytes that it is.

Python's module takes text only. Of 50 MB with one emoji among them it makes 250 MB, and SQLite itself needs 150 more.
Here nothing is copied but by SQLite. Only its public functions are called, on the library that the module has loaded
itself, which is proven by that library telling us of the new connection. Where that cannot be had (no ctypes, another
way of linking), there is no `Direct`, and the module's own way costs more memory, and nothing else.
"""

from __future__ import annotations

import ctypes
import sqlite3
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_OPENED = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_ROW, _DONE = 100, 101
# primary result codes from 1 on
_NAMES = (
    *("ERROR", "INTERNAL", "PERM", "ABORT", "BUSY", "LOCKED", "NOMEM", "READONLY", "INTERRUPT", "IOERR", "CORRUPT"),
    *("NOTFOUND", "FULL", "CANTOPEN", "PROTOCOL", "EMPTY", "SCHEMA", "TOOBIG", "CONSTRAINT", "MISMATCH", "MISUSE"),
    *("NOLFS", "AUTH", "FORMAT", "RANGE", "NOTADB"),
)


def connected(connect: Callable[[], sqlite3.Connection]) -> tuple[sqlite3.Connection, Direct | None]:
    """What `connect` gives, and the way around the module if there is one."""
    library, handles, thread = _library(), list[int](), threading.get_ident()

    def opened(handle: int, _message: int, _functions: int) -> int:
        if threading.get_ident() == thread:  # a host program may open its own in another one
            handles.append(handle)
        return 0

    callback = _OPENED(opened)
    if library is None or library.sqlite3_auto_extension(callback):
        return connect(), None
    try:
        connection = connect()
    finally:
        library.sqlite3_cancel_auto_extension(callback)
    return connection, Direct(library, handles[0]) if len(handles) == 1 else None


class Direct:
    """One open connection, as SQLite knows it. Its authorizer and its progress handler are in force here, too."""

    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self._library = library
        self._handle = handle

    def run(self, body: bytes, start: int, end: int) -> bool:
        """Run `body[start:end]`, one statement, to its end. Raises sqlite3.Error as the module would.

        False when it was not run, because it is not the one statement without parameters that the splitter saw: the
        module has the words for that.
        """
        first = (ctypes.cast(ctypes.c_char_p(body), ctypes.c_void_p).value or 0) + start
        statement, behind = ctypes.c_void_p(), ctypes.c_void_p()
        # -1: up to where SQLite sees its end. With a length it would make a copy to put a NUL there.
        code = self._library.sqlite3_prepare_v2(self._handle, first, -1, ctypes.byref(statement), ctypes.byref(behind))
        if code:
            raise self._error(code)
        try:
            seen = start + (behind.value or 0) - first
            if seen < end or body[end:seen].strip(b"; \t\n\r\f\v"):
                return False
            if self._library.sqlite3_bind_parameter_count(statement):
                return False
            code = _ROW
            while code == _ROW:
                code = self._library.sqlite3_step(statement)
            if code != _DONE:
                raise self._error(code)
        finally:
            self._library.sqlite3_finalize(statement)
        return True

    def _error(self, code: int) -> sqlite3.Error:
        """What the module would raise."""
        code = self._library.sqlite3_extended_errcode(self._handle) or code
        error = sqlite3.OperationalError(self._library.sqlite3_errmsg(self._handle).decode("utf-8", "replace"))
        error.sqlite_errorcode, error.sqlite_errorname = code, _name(code)
        return error


def _name(code: int) -> str:
    if 0 < code <= len(_NAMES):
        return f"SQLITE_{_NAMES[code - 1]}"
    return next((name for name, value in vars(sqlite3).items() if name.startswith("SQLITE_") and value == code), "")


def _library() -> ctypes.CDLL | None:
    """The library under Python's module, with the types of what is called here."""
    import _sqlite3

    pointer = ctypes.c_void_p
    try:
        library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))  # finds what the module is linked with
        library.sqlite3_auto_extension.argtypes = [_OPENED]
        library.sqlite3_cancel_auto_extension.argtypes = [_OPENED]
        library.sqlite3_prepare_v2.argtypes = [pointer, pointer, ctypes.c_int, pointer, pointer]
        library.sqlite3_bind_parameter_count.argtypes = [pointer]
        library.sqlite3_step.argtypes = [pointer]
        library.sqlite3_finalize.argtypes = [pointer]
        library.sqlite3_extended_errcode.argtypes = [pointer]
        library.sqlite3_errmsg.argtypes, library.sqlite3_errmsg.restype = [pointer], ctypes.c_char_p
    except (OSError, AttributeError):
        return None
    return library
