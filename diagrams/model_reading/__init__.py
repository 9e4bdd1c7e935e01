"""What the pictures read from the model's terms."""
