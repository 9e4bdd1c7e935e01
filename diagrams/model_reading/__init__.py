"""Queries on the model's terms, for the diagrams."""
