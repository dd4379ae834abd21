"""`wait`: until everything that the application needs is there. What `lockmaster wait` does.

- spec: what may be written; `schemes` says which kind of target a URL is, and which fields that kind takes
- watch: looks at all targets at once, each look in a thread of its own, and never waits for a look that hangs
- looking: what one look is given and gives back
- probes: one module per kind, `check(target)` (is it written well?) and `probe(target, look) -> Seen`
"""
