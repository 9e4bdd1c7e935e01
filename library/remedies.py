"""Remedies: what an application, or a patch of the bootloader, does so that more claims hold; which set mends which.

Which do is decided by the prover, and shipped.

    from otaproof.library.prover import Config, Scope, Usage
    from otaproof.library.remedies import Remedy, remedies_for

    row = remedies_for(Scope(Config(rollback=True), usage=Usage.DOCUMENTED))
    assert row is not None and ((Remedy.NOTE_IN_PLACE,),) == row.mends["C17"]
"""

from ..analysis.remedy_code import code_of
from ..analysis.remedy_table import RemedyRow, RemedySet, all_rows, remedies_for
from ..model.remedies import REMEDIES, Remedy, RemedyKind, RemedyTraits

__all__ = [
    "REMEDIES",
    "Remedy",
    "RemedyKind",
    "RemedyRow",
    "RemedySet",
    "RemedyTraits",
    "all_rows",
    "code_of",
    "remedies_for",
]
