"""One file per thing that was broken once, named after it."""
