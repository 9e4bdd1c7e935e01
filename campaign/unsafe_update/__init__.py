"""Updates of the bootloader and of the partition table, cut at every flash step: ESP-IDF's unsafe update mode."""
