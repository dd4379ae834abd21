"""What Lockmaster costs beside its peers, on one machine, in one run. Nothing here asserts a time."""
