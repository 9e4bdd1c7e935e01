"""Campaigns: random runs without number, kept in one file that outlives the processes that make them."""
