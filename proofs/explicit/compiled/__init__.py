"""The compiled search: code generated from the model's terms, and run by numba."""
