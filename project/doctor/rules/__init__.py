"""The rules of doctor, by subject."""
