"""Every way in which what is given to the program can be wrong: one line, a hint, the right exit status, no secret."""
