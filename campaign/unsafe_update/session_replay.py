"""Plays a token of a session call by call, and says what the device comes to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from ...errors import InputError
from ...impl.chip.cells import Cells
from ...impl.chip.flash import PlanNotReached
from ..device_under_test import DeviceUnderTest
from ..history.replayed_step import ReplayedStep
from .session import WRITE, SessionCall, SessionCut, SessionDevice, SessionFailed, play_session
from .session_token import SessionToken
from .settled_start import SettledStart, settled_start


@dataclass(frozen=True, slots=True)
class SessionReplay:
    """A token of a session, played."""

    steps: tuple[ReplayedStep, ...]
    cells: Cells
    """The flash at the end of the session, or as the cut left it."""
    start: SettledStart
    """What the device comes to."""

    def is_as_told(self, token: SessionToken) -> bool:
        """Tell whether the device is a brick, or none, as the token has it."""
        return self.start.is_brick == SettledStart(token.start).is_brick


def replay_session(token: SessionToken, device: SessionDevice) -> SessionReplay:
    """Play a token on its device.

    Raises InputError for a session that does not go through, or a cut that there is not."""
    try:
        calls = play_session(device, token.cut)
    except SessionFailed as error:
        raise InputError(f"token: its session does not run on this device: {error}") from None
    except PlanNotReached as error:
        raise InputError(f"token: {error}; it was made with other files or another version") from None
    left = calls[-1].moments[-1]
    return SessionReplay(tuple(_steps(device.dut, calls, token.cut)), left.cells, settled_start(device, left))


def _steps(dut: DeviceUnderTest, calls: tuple[SessionCall, ...], cut: SessionCut | None) -> Iterator[ReplayedStep]:
    """Yield the calls in words, esp_ota_write() calls in a row as one."""
    whole, failed = (calls, ()) if cut is None else (calls[:-1], calls[-1:])
    for is_write, group in groupby(whole, key=lambda call: call.name.startswith(WRITE)):
        if is_write:
            yield _summary(list(group))
        else:
            yield from (_step(dut, call, f"{call.name}: ok") for call in group)
    for call in failed:
        assert cut is not None
        yield _step(dut, call, f"{call.name}: THE POWER FAILS (operation {cut.op}, {cut.torn})", is_cut=True)


def _step(dut: DeviceUnderTest, call: SessionCall, text: str, *, is_cut: bool = False) -> ReplayedStep:
    before, after = (dut.entries(call.moments[at].cells) for at in (0, -1))
    return ReplayedStep(text, call.ops, after if before != after else None, is_cut=is_cut)


def _summary(writes: Iterable[SessionCall]) -> ReplayedStep:
    calls = list(writes)
    return ReplayedStep(f"{WRITE}(), {len(calls)} call{'' if len(calls) == 1 else 's'}: ok")
