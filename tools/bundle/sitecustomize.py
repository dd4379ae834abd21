"""The bare interpreter of a bundle (bin/python, sys.executable) settles itself as `lockmaster` does."""

import sys

from _bundle import settle

settle(sys.prefix)
