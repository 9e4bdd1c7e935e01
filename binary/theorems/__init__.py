"""What is proved of a bootloader: what its code does equals what impl's bootloader does, for all inputs."""
