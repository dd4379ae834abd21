"""`fetch`: bring a file or a folder from elsewhere, whole or not at all.

- spec: what may be written; addresses: which source an address is for, and how it may be shown
- ports: what a source is; sources: one file per kind of source, each with the field's own client
- run: the way through; transfer: from the source into a file that grows; aside, retrying: time limits and failures
- part: the file that grows, and is resumed; landing: how it takes its place, as a file (files) or a folder (folders)
- place, hidden: where the hidden files lie, and how they are written beside what others may have planted
- tree: a folder written entry by entry, safely; archives: the entries of tar and zip
- record: what was fetched last time, to know that nothing has changed; checksums: what must be true of it

A further source is a module in `sources` with `source(spec, context, scratch)`, and its scheme in addresses.SCHEMES.
Nothing here is loaded before a step runs, and each source loads its own client.
"""
