"""How findings are shown: to people, to programs, to code scanning, in a workflow."""
