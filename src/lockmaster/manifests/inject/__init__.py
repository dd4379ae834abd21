"""Lockmaster put into manifests that a team already has, and taken out again: pure, no cluster."""
