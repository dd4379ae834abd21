"""SQLite: one file on one host. The turn is the write transaction itself (DESIGN.md section 7)."""
