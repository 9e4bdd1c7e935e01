"""Whether board and device model differ in a history, as in the one of a token that fuzz printed of a divergence."""

from collections.abc import Iterator

from ...impl.chip.flash import PlanNotReached
from ...model.device.allowance import Allowance
from ...model.device.state import Scope
from ..history.history import History
from ..history.step import StepName
from .divergence import Divergence, OutOfModel
from .lockstep import play_in_lockstep, scope_of_device


def divergence_in(history: History) -> str | None:
    """Return what board and model each do where they first differ; None where they agree, as far as the model goes."""
    if not history.is_modelled:
        return None
    versions = max(2, *(image.secure_version + 1 for image in history.images))
    try:
        scope = scope_of_device(
            history.device, history.weakest_of_cuts, versions=versions, allows=frozenset(_allowed(history))
        )
    except OutOfModel:
        return None
    parted = first_divergence(history, scope)
    return None if parted is None else str(parted)


def first_divergence(history: History, scope: Scope) -> Divergence | None:
    """Return how board and model part in a history; None where they agree, or come to what the model leaves out."""
    try:
        for _ in play_in_lockstep(history, scope):
            pass
    except Divergence as why:
        return why
    except (OutOfModel, PlanNotReached):
        pass
    return None


def _allowed(history: History) -> Iterator[Allowance]:
    """Yield what a scope has to allow for the steps of a history."""
    if any(step.pin is not None for step in history.steps):
        yield Allowance.PINS
    if any(step.failures for step in history.steps):
        yield Allowance.FAILING_FLASH
    if any(step.name is StepName.WRITE_RECORD for step in history.steps):
        yield Allowance.END_NUMBERS
    if any(step.name in (StepName.UPLOAD, StepName.OTATOOL) for step in history.steps):
        yield Allowance.OTHER_RECORDS
    if any(step.name in (StepName.BLANK_OTADATA, StepName.FLASH_SLOT) for step in history.steps):
        yield Allowance.OTHER_WRITERS
