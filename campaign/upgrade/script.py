"""The scripts that `check` plays: an upgrade, call by call, as the recorded vectors have it, and what may follow it."""

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

from ...model.config import ResetReason
from ...model.remedies import Remedy
from ...model.writers import Updater
from ..device_under_test import DeviceUnderTest
from ..history.player import Played, Player, StepOutcome
from ..history.step import ACCEPT, COMMENCE, COMPLETE, ERASE_LAST_BOOT, POWER_ON, ROLLBACK, Step, StepName
from ..updater_calls import CallKind


class ScriptFailed(Exception):
    """A step of a script did not do what the script needs; the message says which and why."""


_NO_ROLLBACK_ONCE_ACCEPTED = {Remedy.NEVER_ROLLBACK, Remedy.ROLLBACK_ON_TRIAL}


class Scenario(Enum):
    """The scripts that a check plays."""

    UPGRADE = "upgrade"
    """A whole upgrade, accepted: power_on, commence, write …, complete(1), power_on, accept, power_on."""
    UPGRADE_AGAIN = "upgrade-again"
    """After that a second upgrade, as in a device that has been in the field for a while."""
    ROLLBACK = "rollback"
    """After the first upgrade, rollback() and a power_on."""


def script_of(scenario: Scenario | tuple[Step, ...], dut: DeviceUnderTest) -> tuple[Step, ...]:
    """Return the steps of a scenario, with update, chunk size, remedies and calls of the device.

    scenario: steps of a user's own stay as they are. complete(1) restarts at once, remedy or not. Raises ScriptFailed
    for a scenario that its remedies rule out."""
    if isinstance(scenario, tuple):
        return scenario
    if scenario is Scenario.ROLLBACK and dut.remedies & _NO_ROLLBACK_ONCE_ACCEPTED:
        raise ScriptFailed("its application does not call rollback() once an image is accepted")
    upgrade = upgrade_of(dut)
    more = {
        Scenario.UPGRADE: (),
        Scenario.UPGRADE_AGAIN: (*returns_to_factory(dut, only_slot(dut)), *upgrade),
        Scenario.ROLLBACK: (ROLLBACK, POWER_ON),
    }[scenario]
    return (POWER_ON, *_first_return(dut), *upgrade, *more)


def upgrade_of(dut: DeviceUnderTest) -> tuple[Step, ...]:
    """Return the steps of one upgrade of what runs and can be upgraded."""
    return tuple(_own_steps(dut)) or (
        *erases_of(dut),
        commence_of(dut),
        *_writes(dut, dut.chunk),
        COMPLETE,
        POWER_ON,
        *accepts_of(dut),
        POWER_ON,
    )


def first_step_of_interest(scenario: Scenario, dut: DeviceUnderTest) -> int:
    """Return the number of the step from which on a scenario is more than the plain upgrade."""
    return 0 if scenario is Scenario.UPGRADE else len(script_of(Scenario.UPGRADE, dut))


def erases_of(dut: DeviceUnderTest) -> tuple[Step, ...]:
    """Return what the application does before it begins an upgrade."""
    return (ERASE_LAST_BOOT,) if Remedy.ERASE_LAST_BOOT in dut.remedies else ()


def only_slot(dut: DeviceUnderTest) -> str | None:
    """Return the label of the OTA slot of a device that has one and factory besides; None for any other device."""
    labels = tuple(dut.slot_labels.values())
    return labels[0] if len(labels) == 1 and any(partition.is_factory for partition in dut.table) else None


def returns_to_factory(dut: DeviceUnderTest, running: str | None) -> tuple[Step, ...]:
    """Return what the application does before it begins an upgrade where it runs from the only OTA slot.

    esp_ota_begin refuses the running partition, so that factory is selected and brings the upgrade after a restart."""
    if running is None or running != only_slot(dut):
        return ()
    factory = next(partition.label for partition in dut.table if partition.is_factory)
    return Step(StepName.SET_BOOT, label=factory), Step(StepName.RESET, ResetReason.SOFTWARE)


def _first_return(dut: DeviceUnderTest) -> tuple[Step, ...]:
    """Return the same for what runs after the first power-on."""
    if only_slot(dut) is None:
        return ()
    player = Player(dut)
    player.play(POWER_ON)
    return returns_to_factory(dut, player.running)


def accepts_of(dut: DeviceUnderTest) -> tuple[Step, ...]:
    """Return the accept() of an image that has come by an upgrade; none where it is never on trial, and the library or
    a remedy accepts on trial alone."""
    on_trial_alone = Remedy.ACCEPT_ON_TRIAL in dut.remedies and not dut.config.rollback
    return () if on_trial_alone or dut.config.accepts_nothing else (ACCEPT,)


def commence_of(dut: DeviceUnderTest) -> Step:
    """Return the step that begins an upgrade to the update; a library that asks for the size is told."""
    return COMMENCE if dut.config.updater is Updater.ESP_IDF else replace(COMMENCE, length=len(dut.update.contents))


def _writes(dut: DeviceUnderTest, chunk: int) -> Iterator[Step]:
    size = len(dut.update.contents)
    for at in range(0, size, chunk):
        yield Step(StepName.WRITE, image=None, offset=at, length=min(chunk, size - at))


def _own_steps(dut: DeviceUnderTest) -> Iterator[Step]:
    """Yield the steps of the user's own updater."""
    plain = {
        CallKind.ERASE_LAST_BOOT: ERASE_LAST_BOOT,
        CallKind.POWER_ON: POWER_ON,
        CallKind.RESTART: Step(StepName.RESET, ResetReason.SOFTWARE),
        CallKind.ACCEPT: ACCEPT,
        CallKind.ROLLBACK: ROLLBACK,
    }
    for call in dut.calls:
        if call.kind is CallKind.COMMENCE:
            yield commence_of(dut)
        elif call.kind is CallKind.WRITE:
            yield Step(StepName.WRITE, image=None, offset=call.first, length=call.length)
        elif call.kind is CallKind.WRITE_UPDATE:
            yield from _writes(dut, call.length)
        elif call.kind is CallKind.COMPLETE:
            yield COMPLETE if call.length else Step(StepName.COMPLETE)
        else:
            yield plain[call.kind]


def require_success(played: Played) -> None:
    """Raise ScriptFailed when a step raised an error, or nothing runs that could go on.

    Where there is no other image to erase, that call raises one, and the application goes on."""
    if played.step == ERASE_LAST_BOOT and played.outcome is StepOutcome.RAISED:
        return
    program = "bootloader" if played.step.name is StepName.RESET else "application"
    problem = {
        StepOutcome.RAISED: played.error,
        StepOutcome.NOTHING_BOOTS: "nothing boots",
        StepOutcome.NOBODY: "the device is off",
        StepOutcome.PANICKED: f"the {program} panics",
        StepOutcome.HUNG: f"the {program} hangs",
    }.get(played.outcome)
    if problem is not None:
        raise ScriptFailed(f"call {played.number}, {played.step}: {problem}")
