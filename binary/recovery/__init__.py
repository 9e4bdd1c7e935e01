"""Finds the functions of a bootloader without symbols, and confirms each by its behaviour before a theorem uses it."""
