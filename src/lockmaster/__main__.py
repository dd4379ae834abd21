"""`python -m lockmaster` is the `lockmaster` command."""

from lockmaster.cli.__main__ import main

if __name__ == "__main__":
    main()
