"""The transition system of a whole device: its state, its actions in flash micro-steps, power cuts."""
