"""N real engines over an in-memory database, a virtual clock and random deaths: the laws are the invariants.

folder    what the pods bring: migrations and their scripts (parsed by the real PostgreSQL splitter)
store     what is committed: effects with counts, history rows, indexes
server    the server's side: locks, transactions, sessions that outlive their client
client    the engine's side of the seam: `Database`, `Session`, each call a place to die
pods      engines in threads of which one runs at a time; the clock
laws      what must hold after every commit and at the end of every process
world     all of it together, and the acts that a schedule is made of
machine   hypothesis draws the schedule
mutations engines with a defect, each of which the machine has to catch
"""
