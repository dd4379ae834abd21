"""What goes wrong with migrations on Kubernetes, found in manifests: one rule per file of `rules`."""
