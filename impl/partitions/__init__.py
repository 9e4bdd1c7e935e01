"""The partition table: its rows, its binary and CSV forms, what the generator checks."""
