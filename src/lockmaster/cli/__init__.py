"""The command line: parse, call, print. stdout is data, stderr is talk, the exit status is an interface."""
