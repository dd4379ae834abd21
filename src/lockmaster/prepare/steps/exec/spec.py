"""The fields of an `exec` step: the command, when it needs not run, what happens when it fails; and the database."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from lockmaster.prepare.database_options import spec_for
from lockmaster.prepare.types import Duration

_Text = Annotated[str, Meta(min_length=1)]
TEN_SECONDS = field(default_factory=lambda: Duration(10.0))  # a plain default has no JSON for the schema

Spec = spec_for(
    "exec",
    "Exec",
    (
        ("command", Annotated[
            list[_Text] | _Text,
            Meta(description="the program and its arguments; one text is taken apart as a shell would, without a shell"),
        ]),
        ("once", Annotated[str, Meta(description="a key: where it is recorded, the command has run before")], ""),
        ("once_of", Annotated[
            list[_Text] | _Text, Meta(description="files and folders: their content and the command make the key"),
        ], ()),
        ("always", Annotated[bool, Meta(description="run it every time, also with a known folder of migrations")], False),
        ("retry_on", Annotated[
            list[int] | str | int, Meta(description="exit codes after which it is tried again: 1,137"),
        ], ""),
        ("retries", Annotated[int, Meta(ge=0, description="how often it is tried again")], 3),
        ("grace", Annotated[Duration, Meta(description="how long it may take to end, once it was asked to")], TEN_SECONDS),
        ("export_url", Annotated[str, Meta(description="variable in which the command gets the database's URL")], ""),
        ("lease", Annotated[
            str, Meta(description="a Kubernetes Lease as the turn, where the database has no lock of ours; it does not fence"),
        ], ""),
        ("end_orphans", Annotated[
            bool, Meta(description="end database sessions that an earlier holder's command left, instead of waiting"),
        ], False),
    ),
)  # fmt: skip
Spec.shorthand = "command"
Spec.verbatim = frozenset({"command"})  # what is put into an argument can be read by everybody on the node
