"""How to connect, run, lock and quote: one package per database. They do not know each other."""
