"""Each finding of PROTOCOL-FACTS.md as a test that can fail, against real servers and through the real program."""
