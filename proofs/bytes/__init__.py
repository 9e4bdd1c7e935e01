"""Lemmas on bits.

crc_lemmas     what the check word of an otadata record detects
seq_lemmas     sequence numbers: which slot one names, the next one, wrap-around
efuse_lemmas   secure versions as burned eFuse bits
torn_records   byte-level tears of a record for each abstract outcome
stray_lemmas   numbers that a tear leaves with a right check word: which ones
stray_odds     how likely they are, for stated assumptions
"""
