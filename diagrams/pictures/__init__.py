"""One generator a picture."""
