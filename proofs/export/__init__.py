"""The device model for other model checkers.

promela   the model as Promela text; spin runs SPIN on it
tla       the model as a TLA+ module, for readers and for TLC
"""
