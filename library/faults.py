"""Faults: what a power cut may leave of a flash operation, and where one is put.

A tear is written as tokens and reports have it.

    from otaproof.library.faults import FaultModel, Torn

    assert Torn.parse("prefix:12").weakest_model is FaultModel.F1
"""

from ..campaign.history.step import StepCut, StepFailure
from ..impl.chip.flash import FailureExtent
from ..impl.chip.torn_operations import AFTER, BEFORE, Torn, TornKind
from ..model.fault_model import MODELLED_FAULTS, FaultModel

__all__ = [
    "AFTER",
    "BEFORE",
    "MODELLED_FAULTS",
    "FailureExtent",
    "FaultModel",
    "StepCut",
    "StepFailure",
    "Torn",
    "TornKind",
]
