"""Deciding what follows each cut of a flash operation, without playing each."""
