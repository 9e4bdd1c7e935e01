"""The two ways in which a comparison of device and model ends early."""

import re

_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")


class Divergence(Exception):
    """Device and model did not do the same: a bug in one of them. The message says where, and what each did."""

    def __init__(self, text: str, cause: str | None = None) -> None:
        """cause: what and where, in words that stay when the history around it changes; None: the text says no more."""
        super().__init__(text)
        self.cause = _NUMBERS.sub("#", text if cause is None else cause)
        """What two divergences have in common that are one: which slot, record or version it was does not count."""


class OutOfModel(Exception):
    """What happened is outside the model's scope: the model is documented to leave it out."""
