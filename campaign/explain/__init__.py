"""What a flash holds, and what comes of it."""
