"""What a tool's folder and its history table mean: one file per tool. They do not know each other."""
