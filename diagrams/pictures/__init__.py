"""The diagrams, one generator in each module."""
