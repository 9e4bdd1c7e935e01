"""Lemmas on bits: check words, sequence numbers, eFuse, torn otadata records."""
