"""Sets the board against the claims and the recordings: sweeps, replay, conformance."""
