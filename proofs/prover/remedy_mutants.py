"""Applications that do not keep to a remedy: each breaks a claim that the remedy makes hold."""

from dataclasses import replace

from ...model.config import Config, Release
from ...model.device.remedy_steps import remedied
from ...model.device.state import Scope, Usage
from ...model.fault_model import FaultModel
from ...model.remedies import Remedy
from .mutants import Mutant

_ON_TRIAL = Scope(Config(rollback=True), faults=FaultModel.F1, usage=Usage.DOCUMENTED)
_ON_TRIAL_6_1 = replace(
    _ON_TRIAL, config=Config(rollback=True, app_release=Release.V6_1, bootloader_release=Release.V6_1)
)
_UNCHECKED = replace(_ON_TRIAL, config=Config())
_HELD: tuple[tuple[Scope, Remedy, str], ...] = (
    (remedied(_ON_TRIAL, [Remedy.RESTART_AT_ONCE]), Remedy.ERASE_LAST_BOOT, "C13"),
    (remedied(_UNCHECKED, [Remedy.RESTART_AT_ONCE]), Remedy.ACCEPT_ON_TRIAL, "C7"),
    (_ON_TRIAL, Remedy.NEVER_ROLLBACK, "C6"),
    (_ON_TRIAL_6_1, Remedy.ROLLBACK_ON_TRIAL, "C6"),
    (_ON_TRIAL_6_1, Remedy.ROLLBACK_IF_SELECTED, "C6"),
    (_ON_TRIAL, Remedy.COMMENCE_IF_SELECTED, "C10"),
    (remedied(_ON_TRIAL, [Remedy.RESTART_AT_ONCE]), Remedy.FLAG_DOWNLOAD, "C2"),
    (remedied(_ON_TRIAL, [Remedy.RESTART_AT_ONCE]), Remedy.NOTE_IN_PLACE, "C17"),
)
"""A scope in which the claim does not hold, and the remedy that makes it hold."""

REMEDY_MUTANTS: tuple[Mutant, ...] = tuple(
    Mutant(
        f"forgets_{remedy.value.replace('-', '_')}",
        f"the application does not keep to {remedy.value}",
        claim_id,
        remedied(scope, [remedy]),
        {},
        frozenset({remedy}),
    )
    for scope, remedy, claim_id in _HELD
)
"""One for each remedy but restart-at-once, which is a usage."""
