"""The rules. Each module is one: `RULE` says what it is about, `find` yields what it found."""
