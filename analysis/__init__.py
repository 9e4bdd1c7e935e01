"""What needs both proofs and boards; the public Python API."""
