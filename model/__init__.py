"""What is allowed: states, events, configuration, the life-cycle table and the claims. Knows nothing of bytes.

config, fault_model, flash_endurance, ota_state   what the other packages are written with
terms    the expression language
device   the transition system of a whole device
slot     the life cycle of one slot
claims   what is promised
"""
