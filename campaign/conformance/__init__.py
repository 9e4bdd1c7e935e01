"""The board against recordings of ESP-IDF's own C code."""
