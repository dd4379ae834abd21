"""Fetch, as a step: ask for it, bring it beside its place, prove it, put it there in one step."""

from __future__ import annotations

import errno
import json
import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import msgspec

from lockmaster.errors import StepFailedError, UnreachableError, UsageError
from lockmaster.prepare.steps.fetch import addresses, checksums, folders, record
from lockmaster.prepare.steps.fetch.aside import aside
from lockmaster.prepare.steps.fetch.hidden import remove
from lockmaster.prepare.steps.fetch.landing import Landing
from lockmaster.prepare.steps.fetch.part import Part
from lockmaster.prepare.steps.fetch.place import place_of
from lockmaster.prepare.steps.fetch.ports import Have
from lockmaster.prepare.steps.fetch.record import Record
from lockmaster.prepare.steps.fetch.retrying import retried
from lockmaster.prepare.steps.fetch.transfer import Got, transfer
from lockmaster.prepare.steps.fetch.tree import Builder, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lockmaster.prepare.context import Context, Outcome
    from lockmaster.prepare.steps.fetch.aside import Pulse
    from lockmaster.prepare.steps.fetch.spec import Fetch

_OVERHEAD = 2048  # bytes of headers and padding for an entry of a tar


def run(spec: Fetch, context: Context) -> Outcome:
    """Raises StepFailedError, UnreachableError, UsageError, OSError: what was at the target is whole then."""
    addresses.hide_secrets(spec.source, context.hide)
    if spec.checksum:
        addresses.hide_secrets(spec.checksum, context.hide)
    if spec.etag_cache:
        return _through_cache(spec, context)
    return _Fetch(spec, context).run()


def _through_cache(spec: Fetch, context: Context) -> Outcome:
    """First into a file of the cache, which knows its ETag; from there to the target."""
    from urllib.parse import quote

    name = addresses.name_of(spec)
    path = os.path.join(context.path(spec.etag_cache), f"{_hash(addresses.identity(spec.source))[:32]}-{name[-80:]}")
    to = os.path.join(spec.to, name) if spec.to.endswith("/") and not spec.unpack else spec.to
    local = msgspec.structs.replace(spec, source=f"file://{quote(path)}", to=to, etag_cache="", checksum="")
    landed = _Fetch(local, context, spec.source)
    if spec.digest and (outcome := landed.already(spec.digest)):
        return outcome
    kept: dict[str, object] = {"etag_cache": "", "mode": "0600", "owner": "", "unpack": False, "strip": 0}
    _Fetch(msgspec.structs.replace(spec, to=path, **kept), context).run()
    return landed.run()


class _Fetch:
    def __init__(self, spec: Fetch, context: Context, shown: str = "") -> None:
        self._spec, self._context = spec, context
        self._shown = addresses.shown(shown or spec.source)
        self._place = place_of(spec, context, addresses.name_of(spec))
        self._landing = Landing(spec, context, self._place, self._shown)
        self._source = addresses.source(spec, context, self._place.hidden("scratch"))
        self._built: list[str] = []
        asked = [addresses.identity(spec.source), spec.ref, spec.path, spec.field]
        laid: list[object] = [spec.unpack, spec.strip]
        if self._may_be_folder:
            laid += [str(spec.mode), *self._landing.owner]
        self._part_key, self._key = _hash(json.dumps(asked)), _hash(json.dumps([*asked, *laid]))

    @property
    def _may_be_folder(self) -> bool:
        return self._spec.unpack or self._spec.source.startswith(("git", "oci"))

    def run(self) -> Outcome:
        if self._spec.unpack or not self._may_be_folder:
            self._landing.check(folder=self._spec.unpack)
        wanted = checksums.wanted(self._spec, self._context)
        if wanted and (outcome := self.already(wanted)):
            return outcome
        part = Part(self._place, self._part_key)
        with closing(part), self._cleanly(part):
            if part.sole:
                folders.mend(self._place)
            # With a checksum "nothing new" would be no answer: what is here is not what is wanted.
            return self._bring(part, None if wanted else self._good(), wanted)

    def already(self, wanted: str) -> Outcome | None:
        """The outcome if what is there has this digest: then nobody need be asked."""
        good = self._good()
        if good is None and self._spec.unpack:
            return None
        there = good.digest if good else self._landing.digest()
        return self._landing.unchanged() if there == wanted else None

    def _good(self) -> Record | None:
        """What was put there, if the same was asked for, and it is as it was left."""
        before = self._landing.before
        return before if before and before.key == self._key and record.intact(self._place, before) else None

    @contextmanager
    def _cleanly(self, part: Part) -> Iterator[None]:
        """Leave nothing behind that is of no use; after SIGTERM there is no time for it, and the next run does it."""
        try:
            yield
        except (UnreachableError, UsageError):
            self._clear()
            raise
        except (StepFailedError, OSError) as error:
            part.discard()  # a full disk is not left full, and a wrong file is not gone on with
            self._clear()
            if isinstance(error, PermissionError) and error.errno == errno.EPERM and self._landing.owner:
                hint = "only root may give files away; for a group, fsGroup of the pod"
                raise StepFailedError(f"{self._place.shown}: its owner may not be set", hint=hint) from error
            if isinstance(error, StepFailedError) and not error.message.startswith((self._shown, self._place.shown)):
                error.message = f"{self._shown}: {error.message}"
            raise
        self._clear()

    def _clear(self) -> None:
        for path in (*self._built, self._place.hidden("scratch")):
            remove(path)

    def _bring(self, part: Part, good: Record | None, wanted: str) -> Outcome:
        got = self._transferred(part, good)
        if got.tree:
            return self._land_tree(got.tree, got.version, wanted)
        if not got.new or (self._spec.unpack and good and good.digest == part.digest()):
            return self._landing.unchanged()
        if wanted and part.digest() != wanted and got.resumed:
            part.restart()
            got = self._transferred(part, None)
        if wanted and part.digest() != wanted:
            hint = "look at both; a file that was replaced at its source has another one"
            raise StepFailedError(f"{self._shown}: its SHA-256 is {part.digest()}, wanted is {wanted}", hint=hint)
        made = Record(self._key, got.version, part.digest())
        return self._unpack(part, made) if self._spec.unpack else self._landing.file(part, made)

    def _land_tree(self, tree: Builder, version: str, wanted: str) -> Outcome:
        if wanted or self._spec.unpack:
            what = "sha256 and checksum are" if wanted else "unpack is"
            raise StepFailedError(f"{self._shown} is a folder", hint=f"{what} for files; path picks one")
        return self._landing.folder(tree, Record(self._key, version))

    def _transferred(self, part: Part, good: Record | None) -> Got:
        spec = self._spec

        def build(pulse: Pulse) -> Builder:
            return self._builder(part, pulse.beat)

        def attempt() -> Got:
            have = Have(good.version if good else "", part.size, part.version, part.total)
            have = have._replace(version="") if have.complete else have
            return aside(
                lambda pulse: transfer(self._source, have, part, pulse, spec.max_size, build),
                self._context, self._shown, spec.stall,
            )  # fmt: skip

        return retried(attempt, self._context, spec.retries, lambda: part.size if part.version else 0)

    def _builder(self, part: Part, beat: Callable[[int], None]) -> Builder:
        root = self._place.hidden("new") + ("" if part.sole else f"-{os.getpid()}-{os.urandom(4).hex()}")
        remove(root)
        self._built.append(root)
        return Builder(root, Limits(self._spec.max_size, self._spec.max_files), self._spec.strip, beat)

    def _unpack(self, part: Part, made: Record) -> Outcome:
        from lockmaster.prepare.steps.fetch.archives import entries

        builder = self._builder(part, self._landing.look_up)
        limit = self._spec.max_size + self._spec.max_files * _OVERHEAD
        with open(part.reader(), "rb") as archive:
            builder.add(entries(archive, limit))
        part.discard()
        return self._landing.folder(builder, made)


def _hash(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
