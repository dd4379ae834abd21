"""Migrations in a PreSync hook of Argo CD; the gate stays, for pods that start at another time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.build import job, objects
from lockmaster.manifests.build.head import head, secrets
from lockmaster.manifests.build.patterns import job_and_gate
from lockmaster.manifests.build.stream import joined

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

_WHAT = """\
Migrations in a PreSync hook of Argo CD. They run on each sync, before anything of the application changes: with nothing
pending that is one read. When they fail, so does the sync, and the old pods go on.
"""
_NOTE = """\
Hooks run before what they hook on: at the first sync nothing of this application is there yet. So the hook's service
account is a hook too, one wave earlier. The Secret of the owner has to be: made by somebody else, or a PreSync hook in
wave -1 as well (an ExternalSecret; the Job's pod waits until the Secret is there).
"""
_HOOK = """\
annotations:
  argocd.argoproj.io/hook: PreSync
  argocd.argoproj.io/sync-wave: "{wave}"{why}
  argocd.argoproj.io/hook-delete-policy: BeforeHookCreation  # it stays until the next sync, with its log
"""
_NAMED = "always the same: a hook is deleted and made anew, so its template may change"
_TTL = "a day: never gone while a sync looks at it"


def build(wish: Wish) -> dict[str, str]:
    """See the package."""
    early = _HOOK.format(wave=-1, why="  # before the Job")
    documents = (
        objects.account(wish, migration=True, annotations=early),
        job.job(wish, name=f"{wish.name}-migrate", why=_NAMED, annotations=_HOOK.format(wave=0, why=""), ttl=_TTL),
        *job_and_gate.application(wish),
    )
    return {f"{wish.name}.yaml": head(_WHAT, _NOTE, secrets(wish)) + joined(*documents)}
