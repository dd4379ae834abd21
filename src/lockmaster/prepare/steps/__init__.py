"""One folder per kind of step: `spec.Spec` says what may be written, `run.run(spec, context)` does it."""
