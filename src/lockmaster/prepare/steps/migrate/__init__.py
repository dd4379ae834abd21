"""`migrate`: the schema at the level of a folder, once, whoever else tries. What `lockmaster migrate` does."""
