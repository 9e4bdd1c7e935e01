"""Random histories in lock step, and findings made small."""
