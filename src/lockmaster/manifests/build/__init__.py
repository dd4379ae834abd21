"""Complete, commented manifests for each way to run migrations: pure, text out."""
