"""Makes the pages of docs/spec from the model, the proofs and the known cases; docs/build_spec.py runs it."""
