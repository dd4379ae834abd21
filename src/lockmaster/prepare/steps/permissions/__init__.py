"""`permissions`: owner and mode of files and folders, changed only where they differ, whatever was planted there."""
