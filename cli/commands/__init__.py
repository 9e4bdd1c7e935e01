"""One file per command: its options, the call of the analysis, the choice of a report."""
