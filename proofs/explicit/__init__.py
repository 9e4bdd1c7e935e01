"""Explicit-state search of the device model, and what is asked of the graph it finds."""
