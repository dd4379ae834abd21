"""SQLite: one file on one host. The turn is the write transaction itself; the rules are in DESIGN.md section 7."""
