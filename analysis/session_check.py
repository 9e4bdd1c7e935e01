"""One update of a bootloader or a partition table checked: played, cut everywhere, and what each cut comes to."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from ..campaign.unsafe_update.brick_window import Progress, SessionSweep, sweep_session
from ..campaign.unsafe_update.session import SessionCall, SessionFailed, play_session
from ..errors import InputError
from ..model.fault_model import FaultModel
from ..project.session_builder import SessionToCheck


@dataclass(frozen=True, slots=True)
class SessionReport:
    """All that such a check found."""

    checked: SessionToCheck
    calls: tuple[SessionCall, ...]
    seed: int
    sweep: SessionSweep
    seconds: float


def _unwatched(done: int, total: int) -> None:
    """Take no notice of how far a sweep is."""


def check_session(
    checked: SessionToCheck,
    faults: FaultModel,
    seed: int = 0,
    watch: Callable[[str], AbstractContextManager[Progress]] = lambda name: nullcontext(_unwatched),
) -> SessionReport:
    """Play and sweep the session. watch: gives, for a name, what follows its sweep.

    Raises InputError for one that does not go through even without a power cut."""
    started = time.perf_counter()
    device = checked.device
    try:
        calls = play_session(device)
    except SessionFailed as error:
        raise InputError(f"the update does not go through even without a power cut: {error}") from None
    with watch(device.kind.value) as progress:
        found = sweep_session(device, calls, faults, seed, progress)
    return SessionReport(checked, calls, seed, found, time.perf_counter() - started)
