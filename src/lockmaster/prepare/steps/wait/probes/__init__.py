"""One module per kind of target.

`check(target)` raises UsageError for what can never be right; it loads no client. `probe(target, look)` takes one look:
it returns `Seen`, or raises OSError, TimeoutError or NotReadyError. What a probe says must not change from look to look
while nothing changes: no times, no ports of our own, no counters.
"""
