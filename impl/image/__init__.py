"""An application image: its format, and whether it verifies."""
