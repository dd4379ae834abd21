"""Kill the program, the server or the network at every point of the protocol: what the next run finds, it finishes."""
