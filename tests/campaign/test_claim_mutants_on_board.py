"""Wrong boards: for each claim one that breaks it, and the check that notices.

A mutant is the simulated board with one function replaced. A history shows it to the claim monitor, or an upgrade of a
small device to the sweep. The board as it is keeps the claim in the same place, so the mutant alone is to blame.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import application_mutants as app
import bootloader_mutants as boot
import pytest

from otaproof.campaign.history.claim_monitor import ClaimMonitor
from otaproof.campaign.history.history import (
    BLANK_ENTRY,
    IMAGE_SIZE,
    SLOT_SIZE,
    History,
    SmallDevice,
    SmallImage,
    upgrade,
)
from otaproof.campaign.history.player import Player
from otaproof.campaign.history.step import (
    ACCEPT,
    COMMENCE,
    COMPLETE,
    POWER_ON,
    ROLLBACK,
    RUNNING,
    Step,
    StepCut,
    StepName,
)
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.image.verify import verify_image
from otaproof.impl.image.verify_rules import VerifyMode
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.model.claims.claims import CLAIMS
from otaproof.model.claims.cut_claims import CUT_CLAIMS
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.fault_model import FaultModel

Patch = pytest.MonkeyPatch
RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
OFF = Step(StepName.POWER_OFF)
STAY = Step(StepName.COMPLETE)
"""complete() without an argument: it does not restart."""
IMAGES = tuple(SmallImage(seed) for seed in range(1, 6))


def started(
    *,
    release: Release = Release.V6_1,
    rollback: bool = True,
    anti_rollback: bool = False,
    slots: int = 2,
    has_factory: bool = False,
    images: tuple[SmallImage, ...] = IMAGES,
) -> History:
    """Return a device that has been switched on, with an image in factory, else in ota_0, and images to go to."""
    config = Config(rollback=rollback, anti_rollback=anti_rollback, app_release=release, bootloader_release=release)
    place = "factory" if has_factory else "ota_0"
    device = SmallDevice(config, tuple(range(slots)), has_factory, ((place, 0),))
    return History(device, images).then(POWER_ON)


def written(image: int) -> tuple[Step, ...]:
    """Return the steps that bring an image, and stop there."""
    return upgrade(image)[:-1]


def accepted(image: int) -> tuple[Step, ...]:
    """Return a whole upgrade, accepted."""
    return (*upgrade(image), RESTART, ACCEPT)


def cut(step: Step, op: int, torn: str = "after") -> Step:
    """Return the step with the power failing in one of its operations."""
    return replace(step, cut=StepCut(op, Torn.parse(torn)))


def set_boot(label: str) -> Step:
    """Return the call of esp_ota_set_boot_partition()."""
    return Step(StepName.SET_BOOT, label=label)


@dataclass(frozen=True)
class Mutant:
    """A wrong board, the claim that it breaks, and a history in which this shows."""

    claim_id: str
    make: Callable[[Patch], None]
    history: History

    def __str__(self) -> str:
        """Name it in the test's id."""
        return f"{self.claim_id}-{self.make.__name__}"


TOO_OLD = (SmallImage(1, secure_version=1), SmallImage(2, secure_version=1), SmallImage(3))
BROKEN = (SmallImage(1), SmallImage(2), SmallImage(3, flipped=700))
VERSIONED = (SmallImage(1), SmallImage(2, secure_version=1), SmallImage(3))
"""A device of version 0, an update of version 1, one of version 0."""
VERSION_1 = started(anti_rollback=True, images=VERSIONED).then(*accepted(1))
FIELD_BROKEN = started(slots=3, images=BROKEN).then(*accepted(1))
FACTORY = started(has_factory=True).then(*accepted(1))
FIELD = started(slots=3).then(*accepted(1))
"""ota_1 of three runs, accepted; ota_0 is still there."""
LONG = History(
    replace(
        FACTORY.device, holds=(("factory", 0), ("ota_0", 1)), entries=(encode_entry(make_entry(1, 2)), BLANK_ENTRY)
    ),
    (SmallImage(1), SmallImage(2, size=SLOT_SIZE + 16)),
).then(POWER_ON)
"""The image in ota_0, which is selected, ends 16 bytes past its partition."""


def damaged(place: int) -> History:
    """Return an upgrade to an image with one bit turned over."""
    return started(images=(SmallImage(1), SmallImage(2, flipped=place))).then(*upgrade(1), RESTART)


def last_byte_of_segment(number: int) -> int:
    """Return where the data of a segment ends in a small image."""
    history = started()
    flash, slot = history.dut.board().flash, history.dut.partition("ota_0")
    span = verify_image(flash, slot.offset, slot.size, history.device.config, VerifyMode.APP).data[number]
    return span.start + span.length - 1


MUTANTS: tuple[Mutant, ...] = (
    Mutant("C1", boot.no_fallback, started(release=Release.V5_1).then(*written(1), STAY, COMMENCE, RESTART)),
    Mutant("C1", boot.verifies_nothing, started(release=Release.V5_1).then(*written(1), STAY, COMMENCE, RESTART)),
    Mutant("C1", boot.looks_past_the_partition, LONG),
    Mutant("C1", boot.ignores_the_last_byte_of_the_hash, damaged(IMAGE_SIZE // 16 * 16 - 1)),
    Mutant("C1", boot.ignores_the_last_byte_of_a_segment, damaged(last_byte_of_segment(0))),
    Mutant("C1", boot.ignores_the_last_byte_of_the_data, damaged(last_byte_of_segment(-1))),
    Mutant("C2", boot.starts_the_slot_after, started().then(*written(1), RESTART)),
    Mutant("C3", app.wipes_what_runs, started().then(*written(1))),
    Mutant("C3", app.wipes_what_runs_for_its_version, started(anti_rollback=True, images=TOO_OLD).then(*upgrade(2))),
    Mutant("C4", boot.aborts_nothing, started().then(*upgrade(1), RESTART, RESTART)),
    Mutant("C4", app.complete_marks_nothing, started().then(*upgrade(1), RESTART)),
    Mutant("C5", app.accept_refuses, started().then(*accepted(1), POWER_ON)),
    Mutant(
        "C5", app.failed_complete_forgets, started(slots=3, images=BROKEN).then(*accepted(1), *upgrade(2), POWER_ON)
    ),
    Mutant(
        "C5",
        app.rejecting_forgets,
        started(slots=3, anti_rollback=True, images=TOO_OLD).then(*accepted(1), *upgrade(2), RESTART),
    ),
    Mutant("C6", app.rollback_returns, started().then(*accepted(1), ROLLBACK)),
    Mutant("C6", app.rollback_writes_first, started().then(ROLLBACK)),
    Mutant("C6", app.rollback_changes_nothing, started().then(*accepted(1), ROLLBACK, RESTART)),
    Mutant("C7", app.complete_erases_both, FIELD.then(*written(2), cut(COMPLETE, 1), POWER_ON)),
    Mutant(
        "C8",
        boot.allows_old_versions,
        VERSION_1.then(ROLLBACK, RESTART),
    ),
    Mutant(
        "C8",
        boot.burns_what_it_is_given,
        VERSION_1.then(*upgrade(2), RESTART, ACCEPT),
    ),
    Mutant("C10", app.next_is_what_runs, started().then(*written(1), STAY)),
    Mutant("C10", app.running_is_what_is_next, started().then(*written(1), STAY)),
    Mutant("C11", app.rewrites_the_other_entry, started().then(*upgrade(1), RESTART, set_boot(RUNNING))),
    Mutant("C12", app.adds_a_lap, started().then(*upgrade(1))),
    Mutant("C13", boot.accepts_by_itself, started().then(*upgrade(1), RESTART)),
    Mutant("C14", app.keeps_the_spare, started().then(*accepted(1), *written(2)[:-1], cut(set_boot(RUNNING), 0))),
    Mutant("C15", app.commence_refuses, started()),
    Mutant("C16", boot.forgives, started().then(*upgrade(1), RESTART, OFF)),
    Mutant("C17", app.complete_marks_nothing, started(rollback=False).then(*upgrade(1), RESTART)),
    Mutant("C18", boot.starts_what_it_aborts, started().then(*upgrade(1), RESTART, RESTART)),
    Mutant("C18", boot.takes_invalid_for_bootable, started().then(*accepted(1), ROLLBACK, RESTART)),
    Mutant("C18", boot.forgives, started().then(*upgrade(1), RESTART, RESTART, RESTART)),
    Mutant("C19", app.calls_all_valid, started().then(*upgrade(1), RESTART)),
    Mutant("C20", app.accept_does_nothing, started(rollback=False).then(*accepted(1))),
    Mutant("C21", app.erases_the_active_entry, FIELD.then(COMMENCE)),
    Mutant("C21", app.write_marks, started(rollback=False).then(*written(1))),
    Mutant("C22", app.rollback_forgets_all, FIELD.then(*accepted(2), ROLLBACK, RESTART)),
    Mutant("C23", app.switch_ignores_factory, FACTORY.then(set_boot("factory"), RESTART)),
    Mutant("C23", app.switch_ignores_ota_0, started(slots=3).then(*accepted(1), set_boot("ota_0"), RESTART)),
    Mutant("C24", boot.rewrites_always, started()),
    Mutant("C25", boot.aborts_nothing, started().then(*upgrade(1), RESTART)),
    Mutant("C26", app.refused_switch_forgets, started(slots=3).then(*accepted(1), set_boot("ota_2"))),
)


def broken_in(history: History) -> Iterator[str]:
    """Yield the ids of the claims that break, step by step."""
    monitor = ClaimMonitor(Player(history.dut))
    for step in history.steps:
        yield from (broken.claim_id for broken in monitor.play(step)[1])


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_monitor_kills_the_mutant(mutant: Mutant, monkeypatch: Patch) -> None:
    """The board as it is keeps the claim in that history; the mutant does not."""
    assert mutant.claim_id not in set(broken_in(mutant.history))
    mutant.make(monkeypatch)
    assert mutant.claim_id in set(broken_in(mutant.history))


def test_every_claim_of_a_history_has_a_mutant() -> None:
    """C9 is the sweep's alone."""
    assert [known.id for known in CLAIMS if known.id != "C9"] == list(dict.fromkeys(m.claim_id for m in MUTANTS))


@dataclass(frozen=True)
class SweepMutant:
    """A wrong board, the claim of a sweep that it breaks, and the upgrade in which this shows."""

    claim_id: str
    make: Callable[[Patch], None]
    device: History
    scenario: Scenario = Scenario.UPGRADE
    faults: FaultModel = FaultModel.F0

    def __str__(self) -> str:
        """Name it in the test's id."""
        return f"{self.claim_id}-{self.make.__name__}"

    def broken(self) -> int:
        """Return at how many cut points and resets the sweep finds the claim broken."""
        made = self.device.dut
        dut = replace(made, update=made.images[1], chunk=len(made.images[1].contents))
        run = play_script(dut, script_of(self.scenario, dut))
        first = first_step_of_interest(self.scenario, dut)
        found = sweep(dut, run, FutureOracle(dut), self.faults, 0, first)
        stretches = (*found.stretches, *found.resets)
        return sum(stretch.count for stretch in stretches if self.claim_id in stretch.broken)


FULL = started(rollback=False)
FULL = replace(FULL, device=replace(FULL.device, holds=(("ota_0", 0), ("ota_1", 2))))
"""A device with an image in each slot."""
SECURE = (SmallImage(1), SmallImage(2, secure_version=1))
AGAIN = Scenario.UPGRADE_AGAIN
SWEEP_MUTANTS: tuple[SweepMutant, ...] = (
    SweepMutant("C1", boot.refuses_what_is_torn, started(), faults=FaultModel.F1),
    SweepMutant("C2", boot.starts_the_slot_after, started(rollback=False)),
    SweepMutant("C3", app.wipes_what_runs, started()),
    SweepMutant("C4", boot.aborts_nothing, started()),
    SweepMutant("C5", app.accept_refuses, started()),
    SweepMutant("C6", app.rollback_returns, started(), Scenario.UPGRADE),
    SweepMutant("C6", app.rollback_changes_nothing, started(rollback=False)),
    SweepMutant("C7", app.complete_erases_both, started(slots=3), AGAIN),
    SweepMutant("C8", boot.allows_old_versions, started(anti_rollback=True, images=SECURE)),
    SweepMutant("C9", app.commence_wants_whole_entries, started(), faults=FaultModel.F1),
    SweepMutant("C9", app.accept_does_nothing, started(rollback=False)),
    SweepMutant("C9", app.writes_nothing_to_slots, FULL),
    SweepMutant("C10", app.next_is_the_other_entry, started()),
    SweepMutant("C17", app.complete_marks_nothing, started(rollback=False)),
    SweepMutant("C18", boot.starts_what_it_aborts, started()),
    SweepMutant("C18", boot.takes_invalid_for_bootable, started()),
    SweepMutant("C19", app.calls_all_valid, started()),
    SweepMutant("C20", app.accept_does_nothing, started(rollback=False)),
    SweepMutant("C21", app.erases_the_active_entry, started(slots=3), AGAIN),
    SweepMutant("C21", app.write_marks, started(rollback=False)),
    SweepMutant("C22", app.rollback_forgets_all, started(slots=3), AGAIN),
    SweepMutant("C24", boot.rewrites_always, started()),
    SweepMutant("C25", boot.aborts_nothing, started()),
)


@pytest.mark.parametrize("mutant", SWEEP_MUTANTS, ids=str)
def test_sweep_kills_the_mutant(mutant: SweepMutant, monkeypatch: Patch) -> None:
    """The board as it is keeps the claim in that upgrade, wherever it is cut; the mutant does not.

    C4 is broken where the note of a try is rewritten; the mutant breaks it elsewhere as well."""
    before = mutant.broken()
    assert (before > 0) == (mutant.claim_id == "C4")
    mutant.make(monkeypatch)
    assert before < mutant.broken()


def test_every_claim_of_a_sweep_has_a_mutant() -> None:
    """None is forgotten when one is added."""
    assert [known.id for known in CUT_CLAIMS] == list(dict.fromkeys(mutant.claim_id for mutant in SWEEP_MUTANTS))
