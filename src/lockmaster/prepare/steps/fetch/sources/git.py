"""`git+https://host/repo.git//path@ref`, and over http, git's own protocol and local paths, by dulwich.

Only the commit that is asked for is transferred, without its history; a local repository is read where it is.
"""

from __future__ import annotations

import os
import shutil
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from lockmaster.errors import LockmasterError, StepFailedError
from lockmaster.events import Warned
from lockmaster.prepare.steps.fetch import addresses
from lockmaster.prepare.steps.fetch.credentials import login_of, token_of
from lockmaster.prepare.steps.fetch.ports import Content, Entry, Have, Transient, Tree
from lockmaster.prepare.steps.fetch.sources.pool import failed, pool_for
from lockmaster.prepare.steps.fetch.tree import too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_LFS = b"version https://git-lfs.github.com/spec/"
_FOLDER, _LINK, _MODULE = 0o040000, 0o120000, 0o160000


def source(spec: Fetch, context: Context, scratch: str) -> Git:
    return Git(spec, context, scratch)


class Git:
    """A file or a folder of a repository at a commit. Its version is the commit, or the tag's object."""

    def __init__(self, spec: Fetch, context: Context, scratch: str) -> None:
        try:
            import dulwich.client
        except ImportError as error:
            raise addresses.not_installed(error) from error
        self._dulwich = dulwich
        self._spec, self._context, self._scratch = spec, context, scratch
        self._scheme, self._place, path, ref = addresses.git_parts(spec.source)
        self._path, self._ref = (spec.path or path).strip("/"), spec.ref or ref
        self.shown = addresses.shown(spec.source)
        self._pool: Any = None

    @contextmanager
    def open(self, have: Have) -> Iterator[Content | Tree | None]:
        try:
            if self._scheme == "file":
                with closing(self._dulwich.repo.Repo(unquote(self._place))) as repo:
                    wanted = self._wanted(repo.get_refs())
                    yield None if wanted.decode() == have.version else self._found(repo.object_store, wanted)
                return
            client, where = self._client()
            wanted = self._wanted(client.get_refs(where).refs)
            if wanted.decode() == have.version:
                yield None
                return
            with closing(self._fetched(client, where, wanted)) as repo:
                yield self._found(repo.object_store, wanted)
        except (LockmasterError, Transient):
            raise
        except self._dulwich.errors.NotGitRepository as error:
            raise StepFailedError(f"{self.shown} is no git repository", hint="is the address right?") from error
        except Exception as error:
            raise failed(self.shown, error) from error
        finally:
            if self._pool is not None:
                self._pool.clear()
            if self._scratch:
                shutil.rmtree(self._scratch, ignore_errors=True)

    def _client(self) -> tuple[Any, Any]:
        place = self._place.rpartition("@")[2] if "/" not in self._place.rpartition("@")[0] else self._place
        if self._scheme == "git":
            parts = urlsplit(f"git://{place}")
            return self._dulwich.client.TCPGitClient(parts.hostname or "", parts.port), parts.path.encode()
        url = f"{self._scheme}://{place}"
        (user, password), token = login_of(self._spec, self._context), token_of(self._spec, self._context)
        if token and not password:
            user, password = user or "git", token
        self._pool = pool_for(self._spec, self._context, url)
        client = self._dulwich.client.HttpGitClient(
            url, pool_manager=self._pool, username=user or None, password=password or None
        )
        return client, "/" + place.partition("/")[2]

    def _wanted(self, refs: Any) -> bytes:
        """The object that `ref` names."""
        name = self._ref.encode()
        for key in (name, b"refs/heads/" + name, b"refs/tags/" + name) if name else (b"HEAD",):
            if refs.get(key):
                return bytes(refs[key])
        if len(name) == 40 and all(char in b"0123456789abcdef" for char in name):
            return name
        what = self._ref or "HEAD"
        raise StepFailedError(f"{self.shown} has no branch or tag {what}", hint="a commit needs all of its 40 digits")

    def _fetched(self, client: Any, where: Any, wanted: bytes) -> Any:
        """A repository that has the object: it alone if the server gives it so, else all that the server has."""
        try:
            return self._transferred(client, where, lambda _refs, **_: [wanted], 1)
        except (self._dulwich.errors.GitProtocolError, KeyError):
            if wanted.decode() != self._ref:
                raise
        return self._transferred(client, where, lambda refs, **_: sorted({sha for sha in refs.values() if sha}), None)

    def _transferred(self, client: Any, where: Any, wants: Callable[..., list[bytes]], depth: int | None) -> Any:
        shutil.rmtree(self._scratch, ignore_errors=True)
        os.mkdir(self._scratch, 0o700)
        repo = self._dulwich.repo.Repo.init_bare(self._scratch)
        file, commit, abort = repo.object_store.add_pack()
        count = 0

        def write(data: bytes) -> int:
            nonlocal count
            count += len(data)
            if count > self._spec.max_size:
                raise too_large(self._spec.max_size)
            return int(file.write(data))

        try:
            client.fetch_pack(where, wants, repo.get_graph_walker(), write, depth=depth)
            commit()
        except BaseException:
            abort()
            repo.close()
            raise
        return repo

    def _found(self, objects: Any, wanted: bytes) -> Content | Tree:
        version = wanted.decode()
        try:
            thing = objects[wanted]
            while thing.type_name == b"tag":
                thing = objects[thing.object[1]]
            mode, sha = _FOLDER, thing.tree
            if self._path:
                mode, sha = objects[sha].lookup_path(objects.__getitem__, self._path.encode())
        except KeyError as error:
            what = f"{self._path} at {self._ref or 'HEAD'}" if self._path else f"commit {self._ref}"
            raise StepFailedError(f"{self.shown} has no {what}", hint="look at the path and the ref") from error
        if mode & 0o170000 == _FOLDER:
            return Tree(self._entries(objects, sha), version)
        if mode & 0o170000 != 0o100000:
            raise StepFailedError(f"{self._path} is a link or a submodule", hint="name a file or a folder")
        data = objects[sha].data
        if data.startswith(_LFS):
            raise StepFailedError(
                f"{self._path} is kept in Git LFS", hint="only a pointer is in git: fetch it by https"
            )
        return Content(iter(_once(data)), version, len(data))

    def _entries(self, objects: Any, tree: bytes) -> Iterator[Entry]:
        for item in objects.iter_tree_contents(tree):
            path, kind = os.fsdecode(item.path), item.mode & 0o170000
            if kind == _MODULE:
                self._context.emit(Warned(f"{path} is a submodule: it is left out"))
                continue
            data = objects[item.sha].data
            if kind == _LINK:
                yield Entry(path, "link", target=os.fsdecode(data))
                continue
            if data.startswith(_LFS):
                self._context.emit(Warned(f"{path} is kept in Git LFS: what comes is only its pointer"))
            yield Entry(path, "file", item.mode & 0o777, chunks=partial(_once, data))


def _once(data: bytes) -> list[bytes]:
    return [data] if data else []
