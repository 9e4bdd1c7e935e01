"""What a flash holds, what follows from it, and how it came to that, in words."""
