"""PostgreSQL, 13 and later, also behind a pooler. Evidence for the rules: docs/how-it-works.md."""
