"""Random histories in lock step, and the shrinking of what they break."""
