"""The words in front of the first object: what this is, and what has to be there first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.build.fill import fill

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

_SECRETS = """\
Two Secrets have to be there first, for two roles of the database (their SQL: docs/kubernetes/production.md):
  kubectl create secret generic ${owner}${space} --from-literal=${owner_key}="$OWNER_URL"  # owns the tables, migrates
  kubectl create secret generic ${app}${space} --from-literal=${app_key}="$APP_URL"  # reads and writes rows
"""


def head(*paragraphs: str) -> str:
    """A comment for the top of a file."""
    lines = "\n\n".join(paragraph.strip("\n") for paragraph in paragraphs).split("\n")
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def secrets(wish: Wish) -> str:
    """How the Secrets are made."""
    owner, app = wish.migration_secret, wish.secret
    space = f" -n {wish.namespace}" if wish.namespace else ""
    return fill(_SECRETS, owner=owner.secret, owner_key=owner.key, app=app.secret, app_key=app.key, space=space)
