"""One file per command, each with `run(call) -> int`: what to call, and what to print of its answer."""
