"""What brings a finding about: faults and calls in words, the same where only the rest differs."""

from dataclasses import replace

import pytest

from otaproof.campaign.fuzz.origin_of_finding import origin_of
from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.known_cases import known_case
from otaproof.campaign.history.step import (
    ACCEPT,
    COMMENCE,
    COMPLETE,
    POWER_ON,
    ROLLBACK,
    Step,
    StepCut,
    StepFailure,
    StepName,
)
from otaproof.impl.chip.flash import FailureExtent
from otaproof.impl.chip.torn_operations import Torn
from otaproof.model.config import Config

RUNNING = History(SmallDevice(Config(rollback=True)), (SmallImage(1), SmallImage(2)), (POWER_ON,))
POWER_OFF = Step(StepName.POWER_OFF)
SELECT = Step(StepName.SET_BOOT, label="ota_0")


def cut(step: Step, op: int, torn: str = "after") -> Step:
    """Return the step with the power failing in an operation."""
    return replace(step, cut=StepCut(op, Torn.parse(torn)))


def failing(step: Step, op: int, *, is_silent: bool) -> Step:
    """Return the step with an operation of which nothing is done."""
    return replace(step, failures=(StepFailure(op, FailureExtent.NONE, is_silent=is_silent),))


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((cut(COMMENCE, 0),), "The power fails in commence(), in the erase of a slot"),
        ((*upgrade(1), POWER_ON, cut(ACCEPT, 0)), "The power fails in accept(), in the erase of an otadata record"),
        ((*upgrade(1)[:-1], cut(COMPLETE, 1)), "The power fails in complete(), in the program of an otadata record"),
        (
            (*upgrade(1), cut(POWER_ON, 1, "prefix:3")),
            "The power fails in the bootloader, in the program of an otadata ",
        ),
        (
            (*upgrade(1)[:-1], failing(COMPLETE, 1, is_silent=False)),
            "In complete() the program of an otadata record fails",
        ),
        (
            (*upgrade(1), POWER_ON, failing(ACCEPT, 0, is_silent=True)),
            "In accept() the erase of an otadata record reports success and is not done",
        ),
        ((*upgrade(1), POWER_ON, ACCEPT), "No fault is needed: commence(), write(), complete(); it shows in accept()"),
        (
            (SELECT, *upgrade(1), POWER_ON, ROLLBACK, POWER_ON),
            "No fault is needed: commence(), write(), complete(), rollback(), esp_ota_set_boot_partition(); it shows ",
        ),
        ((POWER_ON,), "No fault is needed; it shows after a restart"),
        (
            (POWER_OFF, Step(StepName.FLASH_SLOT, label="ota_1", image=1), POWER_ON, ACCEPT),
            "No fault is needed: a tool that flashes a slot; it shows in accept()",
        ),
        ((COMMENCE, POWER_OFF), "No fault is needed: commence(); it shows where the power fails between calls"),
    ],
)
def test_fault_or_calls_are_told(steps: tuple[Step, ...], told: str) -> None:
    """The last fault, with what it hits."""
    assert origin_of(RUNNING.then(*steps)).startswith(told)


def test_last_fault_counts() -> None:
    """Those before it led to it."""
    once = (*upgrade(1), POWER_ON, cut(ACCEPT, 0))
    twice = (cut(COMMENCE, 2), POWER_ON, *once)
    assert origin_of(RUNNING.then(*once)) == origin_of(RUNNING.then(*twice))


def test_tear_and_what_follows_do_not_matter() -> None:
    """Nor does what is asked afterwards."""
    history = known_case("accept-is-not-atomic").history
    torn = [number for number, step in enumerate(history.steps) if step.cut is not None]
    assert torn and origin_of(history) == origin_of(history.then(COMMENCE))
    assert "the power fails in accept()" in origin_of(history).lower()


def test_history_of_a_stranger_that_cannot_be_played_is_told() -> None:
    """accept() has no operation here that could be cut."""
    assert "The board cannot play the history to its end" == origin_of(RUNNING.then(cut(ACCEPT, 7)))
