"""The device model for other model checkers: Promela and SPIN, TLA+."""
