"""`exec`: a command of the user's under Lockmaster's turn. What `lockmaster exec` does."""
