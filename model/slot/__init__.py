"""The life cycle of one slot: its table, when a row may be taken, and its reading of the device."""
