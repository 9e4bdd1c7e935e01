"""What is allowed: states, events, configuration, the life-cycle table and the claims. Knows nothing of bytes."""
