"""`gate`: wait until somebody else has brought the schema to the level of a folder. What `lockmaster gate` does."""
