"""What brings a finding about: its last fault, or, where it takes none, the calls that do it.

It is read from the plainest history. Histories with one origin differ in what led to it, in the tear that it took, and
in the claims that are broken afterwards.
"""

from ...impl.chip.flash import FlashMisuse, FlashOp, FlashOpKind, PlanNotReached
from ...model.call_names import ESP_IDF_FUNCTIONS
from ..device_under_test import DeviceUnderTest
from ..history.history import History
from ..history.player import Played, Player
from ..history.step import Step, StepName

_NO_CALLS = (StepName.RESET, StepName.POWER_OFF)
_ORDER = tuple(StepName)
_BURN = "a burn of the eFuse"
_NO_FUNCTIONS = {
    StepName.SWITCH: "another handle",
    StepName.BLANK_OTADATA: "a tool that blanks otadata",
    StepName.FLASH_SLOT: "a tool that flashes a slot",
    StepName.WRITE_RECORD: "a record of another program",
    StepName.UPLOAD: "an upload by cable",
    StepName.OTATOOL: "otatool.py",
}


def origin_of(history: History) -> str:
    """Return what brings about what a history shows at its end, in a sentence without its full stop.

    A history that the board cannot play, as a file of somebody else may have it, is one of its own kind."""
    try:
        return _last_fault(history) or _calls_alone(history.steps)
    except (PlanNotReached, FlashMisuse):
        return "The board cannot play the history to its end"


def _last_fault(history: History) -> str | None:
    player, last = Player(history.dut), None
    for step in history.steps:
        last = _fault_of(history.dut, player.play(step)) or last
    return last


def _fault_of(dut: DeviceUnderTest, played: Played) -> str | None:
    """Return the last fault of a step, in words; None for a step without one."""
    step, call = played.step, _program_of(played.step)
    if step.cut is not None:
        part = _BURN if step.cut.torn is None else _part(dut, played.ops, step.cut.op)
        return f"The power fails in {call}, in {part}"
    if not step.failures:
        return None
    failure = step.failures[-1]
    part = _BURN if failure.is_burn else _part(dut, played.ops, failure.op)
    return f"In {call} {part} {'reports success and is not done' if failure.is_silent else 'fails'}"


def _program_of(step: Step) -> str:
    return "the bootloader" if step.name is StepName.RESET else _call_of(step.name)


def _call_of(name: StepName) -> str:
    return _NO_FUNCTIONS.get(name) or f"{ESP_IDF_FUNCTIONS.get(name.value, name.value)}()"


def _part(dut: DeviceUnderTest, ops: tuple[FlashOp, ...], number: int) -> str:
    op = ops[number]
    is_erase, is_record = op.kind is FlashOpKind.ERASE, dut.is_in_otadata(op.address)
    where = "an otadata record" if is_record else "a slot" if is_erase else "an image"
    return f"the {'erase' if is_erase else 'program'} of {where}"


def _calls_alone(steps: tuple[Step, ...]) -> str:
    """Return the calls of a history without a fault, and where it shows, in words."""
    end = steps[-1]
    calls = sorted({step.name for step in steps[:-1]} - {*_NO_CALLS, end.name}, key=_ORDER.index)
    shown = {StepName.RESET: "after a restart", StepName.POWER_OFF: "where the power fails between calls"}
    where = shown.get(end.name, f"in {_call_of(end.name)}")
    told = ", ".join(_call_of(name) for name in calls)
    return f"No fault is needed{': ' if told else ''}{told}; it shows {where}"
