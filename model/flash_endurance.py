"""How often a sector of flash can be erased, and how high that lets sequence numbers grow.

A record with a new number costs the erase of its sector, and the new number is above the active one by less than the
number of slots (proofs/prover/sequence_growth.py). A number that a power cut left by chance is not such a number.
"""

ENDURANCE = 1_000_000
"""Erases of one sector: ten times what makers of NOR flash promise."""


def highest_number(slots: int, is_by_turns: bool = False) -> int:
    """Return the highest sequence number that upgrades write before both sectors of otadata are worn out.

    is_by_turns: a record can be a whole round of the slots above the one before it."""
    return slots + 2 * ENDURANCE * (slots if is_by_turns else slots - 1)
