"""Board and model side by side, compared after every flash operation."""
