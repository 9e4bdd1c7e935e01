"""Strategies of Hypothesis: worlds, calls, power cuts, and whole lives of a device. They need the extra `testing`.

A life is a tuple of steps and power cuts; `live` plays it.

    from hypothesis import given
    from otaproof.library.boards import LiveBoard
    from otaproof.library.strategies import lives, live, worlds


    @given(worlds(), lives())
    def test_something_boots(world, life):
        board = live(LiveBoard(world), life)
        board.power_on()
        assert board.running
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..campaign.history.history import FIRST_PART, IMAGE_SIZE
from ..campaign.history.step import ACCEPT, COMMENCE, COMPLETE, POWER_ON, ROLLBACK, Step, StepName
from ..impl.chip.torn_operations import ONE_UNIT_PATTERNS, Torn
from ..model.config import Config, Release, ResetReason
from ..model.fault_model import FaultModel
from .cut_block import fault_model
from .live_board import LiveBoard
from .ota_world import OtaWorld

__all__ = ["CutStep", "calls", "configs", "events", "live", "lives", "tears", "upgrades", "worlds"]

_MOST_OPERATIONS = 40
"""Of a step: where a cut is put is taken modulo as many as it has."""
_LONGEST_PREFIX = 4095


@dataclass(frozen=True, slots=True)
class CutStep:
    """A step in which the power fails, and comes back."""

    step: Step
    place: int
    """Number of the flash operation, modulo as many as the step has."""
    torn: Torn


Event = Step | CutStep


def configs() -> SearchStrategy[Config]:
    """Builds of any release, with and without rollback and anti-rollback."""
    builds = st.sampled_from([(False, False), (True, False), (True, True)])

    def config(build: tuple[bool, bool], release: Release) -> Config:
        return Config(rollback=build[0], anti_rollback=build[1], app_release=release, bootloader_release=release)

    return st.builds(config, builds, st.sampled_from(Release))


def worlds(slots: int = 3) -> SearchStrategy[OtaWorld]:
    """Devices as they are delivered: any build, one slot to so many, with a factory partition or without."""
    return st.builds(OtaWorld, configs(), st.integers(1, slots), st.booleans())


def tears(faults: FaultModel | str = FaultModel.F1) -> SearchStrategy[Torn]:
    """Ways to tear a flash operation that a fault model admits, the simple ones first."""
    most = fault_model(faults)
    kinds: list[SearchStrategy[str]] = [st.sampled_from(["before", "after"])]
    if most >= FaultModel.F1:
        kinds.append(
            st.integers(1, 32).map("prefix:{}".format) | st.integers(1, _LONGEST_PREFIX).map("prefix:{}".format)
        )
    patterns = st.integers(0, 2 * ONE_UNIT_PATTERNS)
    if most >= FaultModel.F2:
        kinds.append(patterns.map("bytes:0.{}".format))
    if most >= FaultModel.F3:
        kinds.append(patterns.map("bits:0.{}".format))
    return st.one_of(kinds).map(Torn.parse)


def calls() -> SearchStrategy[Step]:
    """Calls of an application, in no order: pieces of the second image, and what marks, accepts and refuses it."""
    writes = [
        Step(StepName.WRITE, image=1, offset=0, length=FIRST_PART),
        Step(StepName.WRITE, image=1, offset=FIRST_PART, length=IMAGE_SIZE - FIRST_PART),
        Step(StepName.WRITE, image=1, offset=0, length=IMAGE_SIZE),
    ]
    return st.sampled_from([COMMENCE, *writes, COMPLETE, Step(StepName.COMPLETE), ACCEPT, ROLLBACK])


def upgrades() -> SearchStrategy[tuple[Step, ...]]:
    """Whole upgrades to the second image, accepted, left on trial, or rolled back."""
    whole = Step(StepName.WRITE, image=1, offset=0, length=IMAGE_SIZE)
    begun = (COMMENCE, whole, COMPLETE, POWER_ON)
    return st.sampled_from([(*begun, ACCEPT), begun, (*begun, ROLLBACK, POWER_ON)])


def events(faults: FaultModel | str = FaultModel.F1) -> SearchStrategy[tuple[Event, ...]]:
    """What can happen next: a call, a reset, a whole upgrade, or one of them cut."""
    resets = st.sampled_from([POWER_ON, Step(StepName.RESET, ResetReason.SOFTWARE)])
    steps = calls() | resets
    cuts = st.builds(CutStep, steps, st.integers(0, _MOST_OPERATIONS), tears(faults))
    return upgrades() | steps.map(lambda step: (step,)) | cuts.map(lambda cut: (cut,))


def lives(faults: FaultModel | str = FaultModel.F1, most: int = 12) -> SearchStrategy[tuple[Event, ...]]:
    """Lives of a device, from the first power-on: at most so many events."""
    return st.lists(events(faults), max_size=most).map(lambda found: (POWER_ON, *(e for event in found for e in event)))


def live(board: LiveBoard, life: Iterable[Event]) -> LiveBoard:
    """Play a life on a board and return it; calls that raise an error, or find nobody, are part of a life."""
    for event in life:
        if isinstance(event, CutStep):
            board.cut_in(event.step, event.place, event.torn)
        else:
            board.play(event)
    return board
