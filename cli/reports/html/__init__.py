"""The page of a result: one HTML file that needs nothing else."""
