"""The two ways in which a comparison of device and model ends early."""


class Divergence(Exception):
    """Device and model did not do the same: a bug in one of them. The message says where, and what each did."""


class OutOfModel(Exception):
    """What happened is outside the model's scope: the model is documented to leave it out."""
