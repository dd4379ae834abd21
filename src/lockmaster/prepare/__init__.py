"""What an init container does besides migrating: wait, fetch, render, set permissions, run commands, in order.

- document: lockmaster.yaml as plain values, each with its line
- spec: those values as tasks, checked before the first one runs
- run: the tasks in order, side by side where asked; retry, time limit, condition
- steps: one folder per kind, `spec.py` (what may be written) and `run.py` (what is done); steps do not know each other

Loaded by the commands that need it, never by a plain `lockmaster migrate`.
"""
