"""Run a command under the turn, at most once per key."""

from __future__ import annotations

import os
import shlex
from itertools import takewhile

from lockmaster.errors import UsageError
from lockmaster.events import Warned
from lockmaster.prepare.context import Outcome
from lockmaster.prepare.resolving import require_url, resolved
from lockmaster.prepare.steps.exec import keys
from lockmaster.prepare.steps.exec.order import Order
from lockmaster.settings.secret import mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lockmaster.engine.ports import Keeper
    from lockmaster.prepare.context import Context
    from lockmaster.settings.options import Options

_LEASE_ROOM = 41  # bytes of a command's words in the name of its Lease: 63 without what stands before and behind


def run(spec: Any, context: Context) -> Outcome:
    """Raises CommandFailedError, NoTurnError, UnreachableError, AccessDeniedError, UsageError, StoppedError."""
    from lockmaster import compose
    from lockmaster.engine.errand import Errand, Limits

    argv = _argv(spec.command)
    shown = _shown(argv, context)
    options = resolved("exec", spec, context).options
    lease = spec.lease or (_lease_of(argv) if options.order == "lease" else "")
    key = _key(spec, options, argv, context, lease)
    inner = context.stop.child()
    if lease:
        keeper = compose.lease_keeper(lease, context.environ, stop=inner, clock=context.clock)
    else:
        keeper = compose.keeper(require_url(options), key or "", stop=inner, clock=context.clock, emit=context.emit)
    environ = _environment(spec, options, keeper.name, context)
    order = Order(argv, environ, context.folder, shown, _codes(spec.retry_on), spec.retries, float(spec.grace))

    def work(holding: Keeper) -> None:
        from lockmaster.prepare.steps.exec.work import Work  # with threads, ctypes and more: only where it runs
        from lockmaster.step_events import Running

        context.emit(Running(shown))

        Work(
            order, emit=context.emit, clock=context.clock, deadline=context.deadline, stop=context.stop, inner=inner,
            guarded=holding.descriptors,
        )(holding)  # fmt: skip

    errand = Errand(
        keeper, work, shown, Limits(options.wait_for_database, options.wait_for_turn), once=bool(key),
        end_orphans=spec.end_orphans, clock=context.clock, emit=context.emit, deadline=context.deadline,
    )  # fmt: skip
    try:
        ran = errand.run()
    finally:
        context.stop.part(inner)
        inner.close()
    name = f" ({key})" if key else ""
    return Outcome(ran, f"{shown} ended well{name}" if ran else f"unchanged: {shown} was done before{name}")


def _argv(command: str | Sequence[str]) -> tuple[str, ...]:
    if not isinstance(command, str):
        return tuple(command)
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"command: {error}", hint="write it as a list: [npm, run, migrate]") from error
    if any(word in ("&&", "||", "|", ";", ">", "<", "&") for word in words):
        raise UsageError("command: there is no shell to understand && | ; > <", hint="command: [sh, -c, 'a && b']")
    return words


def _shown(argv: Sequence[str], context: Context) -> str:
    line = shlex.join(argv)
    if mask(line) != line:
        hint = "hand it over in the environment: everybody on the node can read arguments"
        context.emit(Warned("the command has a password among its arguments", hint))
    line = mask(line)
    return line if len(line) <= 200 else line[:197] + "..."


def _lease_of(argv: Sequence[str]) -> str:
    """Of the command, and of no version: old and new pods of a rolling update must have the same one.

    Everybody may read a Lease's name, and a password may be among the arguments, in any shape: so of the words only
    those in front are told that are plain ones (npm run migrate). With others there is a hash, of the masked text: a
    password that changes must not make another Lease.
    """
    from hashlib import blake2b

    words = [os.path.basename(argv[0]).lower(), *argv[1:]]
    plain = list(takewhile(_is_plain, words[:3]))
    if len(plain) < len(words) or len("-".join(plain)) > _LEASE_ROOM:
        told = mask(shlex.join(argv)).encode("utf-8", "backslashreplace")
        plain = ["-".join(plain)[:_LEASE_ROOM].rstrip("-"), blake2b(told, digest_size=5).hexdigest()]
    return "-".join(filter(None, ("lockmaster", *plain)))


def _is_plain(word: str) -> bool:
    return len(word) < 20 and word.replace("-", "").isalpha() and word.isascii() and word == word.strip("-").lower()


def _key(spec: Any, options: Options, argv: Sequence[str], context: Context, lease: str) -> str | None:
    """As it was given, or of the content that was named, or of the folder of migrations that is known; None for always."""
    of = [spec.once_of] if isinstance(spec.once_of, str) else list(spec.once_of)
    if sum((bool(spec.once), bool(of), spec.always)) > 1:
        raise UsageError("once, once_of and always contradict each other", hint="keep one of them")
    if lease and (spec.once or of):
        hint = "keys are recorded in a database: a lease is for where there is none with a lock of ours"
        raise UsageError("a lease keeps no keys", hint=hint)
    if spec.always or lease:
        return None
    if spec.once:
        return keys.given(spec.once)
    if not of:
        of = [options.dir] if options.dir else _known_folder(context.folder)
    return keys.of_content(context.folder, of, argv) if of else None


def _known_folder(folder: str) -> list[str]:
    """Where a format of ours finds its migrations; a folder of another tool's is for the user to name."""
    from lockmaster.formats import discover

    try:
        project = discover.discover(folder)
    except UsageError:
        return []
    return [os.path.relpath(project.dir, folder)] if project else []


def _codes(text: list[int] | str | int) -> frozenset[int]:
    items = [str(item) for item in text] if isinstance(text, list) else str(text).replace(" ", "").split(",")
    wrong = [item for item in items if item and not (item.isdigit() and 0 < int(item) < 256)]
    if wrong:
        raise UsageError(f"retry_on: {wrong[0]!r} is no exit code", hint="numbers from 1 to 255: --retry-on 1,137")
    return frozenset(int(item) for item in items if item)


def _environment(spec: Any, options: Options, name: str, context: Context) -> dict[str, str]:
    """Ours, with a name for the command's database sessions: by it the next holder knows them, should they outlive us."""
    environ = dict(context.environ)
    if name:
        environ.setdefault("PGAPPNAME", name)
    if spec.export_url and options.url:
        environ[spec.export_url] = _named(options.url.reveal(), environ.get("PGAPPNAME", ""))
        if options.direct_url:
            environ.setdefault("DIRECT_DATABASE_URL", _named(options.direct_url.reveal(), environ.get("PGAPPNAME", "")))
    return environ


def _named(url: str, name: str) -> str:
    """The URL with the name in it, for clients that know no PGAPPNAME; as it is, where it has one."""
    if not name or not url.startswith("postgres") or "application_name=" in url:
        return url
    from urllib.parse import quote

    return f"{url}{'&' if '?' in url else '?'}application_name={quote(name, safe='')}"
