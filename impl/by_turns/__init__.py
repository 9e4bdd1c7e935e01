"""Otadata kept by turns: the selector of selector/DESIGN.md, in the place of ESP-IDF's."""
