"""One way to run migrations per file. Each has `build(wish)`: its files, by name, in the order in which they apply."""
