"""Many processes at the same instant, on databases that make it hard."""
