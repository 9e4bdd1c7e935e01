"""Invariants of the device model, stated by subject; the prover shows them inductive."""
