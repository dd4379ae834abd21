"""Kubernetes manifests, read and written back: pure, no cluster."""
