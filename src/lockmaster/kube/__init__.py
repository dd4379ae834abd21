"""Talking to the Kubernetes API server: who we are there, one object, when it is ready, a Lease, Events, an overview."""
