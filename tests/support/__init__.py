"""What the tests stand on: real servers, a network that can be cut, and the real program as a process."""
