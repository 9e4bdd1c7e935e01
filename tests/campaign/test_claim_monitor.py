"""What the claim monitor remembers, and for how long: histories of the board as it is, and which claims they break."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from otaproof.campaign.history import whole_records
from otaproof.campaign.history.claim_monitor import ClaimMonitor
from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.monitor_memory import Memory
from otaproof.campaign.history.player import Played, Player
from otaproof.campaign.history.step import ACCEPT, COMMENCE, POWER_ON, ROLLBACK, RUNNING, Step, StepCut, StepName
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.model.claims.observation import Note
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.ota_state import OtaImgState

Patch = pytest.MonkeyPatch
RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
OFF = Step(StepName.POWER_OFF)
STAY = Step(StepName.COMPLETE)
IMAGES = (SmallImage(1), SmallImage(2), SmallImage(3, flipped=700), SmallImage(4))
ACCEPTED = (*upgrade(1), RESTART, ACCEPT)
WRITTEN = upgrade(1)[:-1]


def device(
    release: Release = Release.V6_1,
    /,
    *,
    slots: int = 2,
    has_factory: bool = False,
    rollback: bool = True,
    anti_rollback: bool = False,
) -> History:
    """Return a device that has been switched on."""
    config = Config(rollback=rollback, anti_rollback=anti_rollback, app_release=release, bootloader_release=release)
    holds = (("factory" if has_factory else "ota_0", 0),)
    return History(SmallDevice(config, tuple(range(slots)), has_factory, holds), IMAGES).then(POWER_ON)


def set_boot(label: str) -> Step:
    """Return the call of esp_ota_set_boot_partition()."""
    return Step(StepName.SET_BOOT, label=label)


def cut(step: Step, op: int, torn: str = "after") -> Step:
    """Return the step with the power failing in one of its operations."""
    return replace(step, cut=StepCut(op, Torn.parse(torn)))


def broken_at_end(history: History) -> set[str]:
    """Return the claims that are broken after the last step."""
    monitor = ClaimMonitor(Player(history.dut))
    broken: set[str] = set()
    for step in history.steps:
        broken = {found.claim_id for found in monitor.play(step)[1]}
    return broken


PLAIN, THREE, OLD = device(rollback=False), device(slots=3), device(Release.V5_1)
REJECTED = encode_entry(make_entry(1, OtaImgState.ABORTED)), encode_entry(make_entry(2, OtaImgState.VALID))
FOUND = replace(device(), device=replace(device().device, holds=(("ota_0", 0), ("ota_1", 1)), entries=REJECTED))
"""A device that comes with ota_0 ABORTED; ota_1 runs."""
_GUARDED = device(Release.V6_0, anti_rollback=True)
TORSO_SELECTED = replace(
    _GUARDED,
    device=replace(_GUARDED.device, holds=(("ota_0", 0), ("ota_1", 1))),
    images=(SmallImage(1), SmallImage(2), SmallImage(3, secure_version=1)),
).then(set_boot("ota_1"), ACCEPT, COMMENCE, Step(StepName.WRITE, image=2, offset=0, length=112))
"""A download into the slot that was selected and accepted; the secure version that lies there by now is higher than
that of all others, so nothing boots until the image is whole."""

KEPT: list[tuple[str, str, History]] = [
    ("C2", "complete() has verified it", device().then(*upgrade(1), RESTART)),
    ("C25", "it was accepted", PLAIN.then(*ACCEPTED)),
    (
        "C5",
        "another was selected, though it is the same",
        device().then(*ACCEPTED, set_boot(RUNNING), RESTART, RESTART),
    ),
    ("C4", "a try that is noted whole counts", device().then(*upgrade(1), cut(RESTART, 1), POWER_ON)),
    ("C17", "a try that is noted whole counts", device().then(*upgrade(1), cut(RESTART, 1), POWER_ON)),
    ("C17", "a call was made before", device().then(*WRITTEN, STAY, COMMENCE, RESTART)),
    ("C4", "a call was made before", device().then(*WRITTEN, STAY, COMMENCE, RESTART)),
    ("C17", "a refused complete() is a call", replace(PLAIN, images=IMAGES).then(*upgrade(2), RESTART)),
    ("C5", "another was marked", device().then(*ACCEPTED, *upgrade(3), RESTART)),
    (
        "C5",
        "the cut may have come once another was marked",
        device().then(*ACCEPTED, *upgrade(3)[:-1], cut(STAY, 1), OFF),
    ),
    ("C5", "factory was selected", device(has_factory=True).then(*ACCEPTED, set_boot("factory"), RESTART)),
    ("C20", "another runs", device(has_factory=True).then(*ACCEPTED, set_boot("factory"), RESTART)),
    ("C6", "the power failed before rollback() could restart", OLD.then(*ACCEPTED, ROLLBACK, OFF, POWER_ON)),
    (
        "C7",
        "what started settled the cut",
        PLAIN.then(*upgrade(1), RESTART, cut(ACCEPT, 0), POWER_ON, *upgrade(3), RESTART),
    ),
    (
        "C7",
        "what started settled the cut of a whole call",
        PLAIN.then(*upgrade(1), RESTART, cut(ACCEPT, 1), POWER_ON, *upgrade(3), RESTART),
    ),
    ("C18", "it was asked for again", OLD.then(*ACCEPTED, ROLLBACK, RESTART, set_boot("ota_1"), RESTART)),
    ("C18", "it was written anew", OLD.then(*ACCEPTED, ROLLBACK, RESTART, ACCEPT, *upgrade(3), RESTART)),
    ("C18", "it was written anew, though not completed", FOUND.then(*WRITTEN, cut(set_boot(RUNNING), 0), POWER_ON)),
    ("C22", "the previous image was wiped", OLD.then(*ACCEPTED, *upgrade(3)[:-1], ROLLBACK, RESTART)),
    ("C22", "it was not marked, but selected", THREE.then(*ACCEPTED, set_boot("ota_0"), RESTART, ROLLBACK, RESTART)),
    ("C23", "a try that is noted whole counts", THREE.then(*ACCEPTED, set_boot("ota_0"), cut(RESTART, 1), POWER_ON)),
    (
        "C23",
        "a call was made before",
        device(has_factory=True).then(*ACCEPTED, set_boot("factory"), set_boot(RUNNING), RESTART),
    ),
    ("C24", "it is under test", device().then(*upgrade(1), RESTART)),
    ("C24", "it is not the one selected", device().then(*WRITTEN, STAY)),
    ("C25", "the one before comes back", device().then(*upgrade(1), RESTART)),
    ("C12", "the first number may be that of the slots", device(has_factory=True, slots=1).then(*upgrade(1))),
]
"""(claim, why it is kept, history)."""


@pytest.mark.parametrize(("claim_id", "why", "history"), KEPT, ids=lambda part: part if isinstance(part, str) else "")
def test_claim_is_kept(claim_id: str, why: str, history: History) -> None:
    """Nothing was promised any more, or not to that end."""
    assert claim_id not in broken_at_end(history)


TORN_NOTE = device().then(*upgrade(1), cut(RESTART, 0, "bytes:0.24"), POWER_ON)

BROKEN: list[tuple[str, str, History]] = [
    ("C17", "the note is erased and not whole", device().then(*upgrade(1), cut(RESTART, 0), POWER_ON)),
    ("C4", "the same", device().then(*upgrade(1), cut(RESTART, 0), POWER_ON)),
    ("C17", "damaged in a torn note", device().then(*upgrade(1), cut(RESTART, 1, "prefix:29"), POWER_ON)),
    ("C4", "its torn note reads as no state that is ever aborted", TORN_NOTE.then(POWER_ON)),
    ("C7", "the record is erased and not whole", PLAIN.then(*upgrade(1), RESTART, cut(ACCEPT, 0), POWER_ON)),
    ("C5", "accept() accepts another", OLD.then(*WRITTEN, STAY, COMMENCE, RESTART, ACCEPT, *WRITTEN, RESTART)),
    (
        "C18",
        "two records of one slot, of which one is aborted",
        OLD.then(*WRITTEN, STAY, *upgrade(3), RESTART, RESTART),
    ),
    ("C18", "found ABORTED, and the other record is lost", FOUND.then(cut(set_boot(RUNNING), 0), POWER_ON)),
    (
        "C20",
        "5.1: info() looks at the first of two records",
        OLD.then(set_boot(RUNNING), ROLLBACK, RESTART, *WRITTEN, STAY, ACCEPT),
    ),
    ("C19", "two records of one slot", OLD.then(*ACCEPTED, *upgrade(3), RESTART, set_boot(RUNNING), RESTART)),
    ("C21", "commence() wipes what complete() has marked", PLAIN.then(*WRITTEN, STAY, COMMENCE)),
    ("C22", "both records name the running slot", OLD.then(*ACCEPTED, set_boot(RUNNING), ROLLBACK, RESTART)),
    ("C25", "without rollback nothing takes it back", PLAIN.then(*upgrade(1), RESTART)),
    ("C25", "nothing boots", TORSO_SELECTED),
    ("C25", "it asked for itself, 5.1", OLD.then(*ACCEPTED, *upgrade(3), RESTART, set_boot(RUNNING))),
]


@pytest.mark.parametrize(("claim_id", "why", "history"), BROKEN, ids=lambda part: part if isinstance(part, str) else "")
def test_claim_is_broken(claim_id: str, why: str, history: History) -> None:
    """ESP-IDF does break it."""
    assert claim_id in broken_at_end(history)


def never(self: Memory, *_: object) -> None:
    """Do nothing, in place of what a memory does."""


def always(*_: object) -> bool:
    """Say yes."""
    return True


def without_origin(self: Memory, played: Played) -> None:
    """Take a reset, but not that it started an image that was marked."""
    kept = self._upgraded
    TAKE_RESET(self, played)
    self._upgraded = kept


TAKE_RESET = Memory._take_reset


def take_for(name: str) -> Callable[[Patch], None]:
    """Return a patch that puts a memory which never changes a set in place of one that does."""

    def patch_take(patch: Patch) -> None:
        real = Memory.take

        def take(self: Memory, *arguments: Any) -> None:
            kept = set(getattr(self, name))
            real(self, *arguments)
            setattr(self, name, kept)

        patch.setattr(Memory, "take", take)

    return patch_take


MEMORY_MUTANTS: dict[str, Callable[[Patch], None]] = {
    "a note does not count, a lost rollback() does": lambda patch: patch.setattr(Memory, "_lose_power", never),
    "a start settles nothing": lambda patch: patch.setattr(Memory, "_end_try", never),
    "other calls settle nothing": lambda patch: patch.setattr(Memory, "_expect_no_start", never),
    "nothing is ever expected": lambda patch: patch.setattr(Memory, "_expected_of", never),
    "a wipe is not noticed": lambda patch: patch.setattr(Memory, "_forget_wiped", never),
    "a reset is not noticed": lambda patch: patch.setattr(Memory, "_take_reset", never),
    "nothing gets finished": take_for("finished"),
    "nothing is earned": take_for("earned"),
    "nothing gets rejected or excused": take_for("rejected"),
    "nothing is excused": lambda patch: patch.setattr(whole_records, "changed_partitions", lambda dut, played: ()),
    "what was upgraded is not noted": lambda patch: patch.setattr(Memory, "_take_reset", without_origin),
    "a cut opens no choice": lambda patch: patch.setattr(ClaimMonitor, "_open_choices", never),
    "a choice stays open": lambda patch: patch.setattr(ClaimMonitor, "_is_window_open", staticmethod(always)),
    "every number counts as rejected": lambda patch: patch.setattr(Note, "is_rejected", True),
}


@pytest.mark.parametrize("name", MEMORY_MUTANTS)
def test_wrong_memory_is_found_out(name: str, monkeypatch: Patch) -> None:
    """Some history here is then judged otherwise."""
    MEMORY_MUTANTS[name](monkeypatch)
    wrong = [why for claim_id, why, history in KEPT if claim_id in broken_at_end(history)]
    wrong += [why for claim_id, why, history in BROKEN if claim_id not in broken_at_end(history)]
    assert wrong
