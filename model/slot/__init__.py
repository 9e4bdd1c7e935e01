"""The life cycle of one slot.

situation       when a row of the table may be taken
life_cycle      the table: every change of what info() says of a slot
state_machine   the table as a state machine to step through and draw
view            what a slot is in a state of the whole device
"""
