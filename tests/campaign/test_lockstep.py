"""Board, device model and life-cycle table in lock step: whatever is done to a device, the three agree.

Random calls with random images and chunks, resets for every reason, and up to three power cuts in any operation, with
any tear. A failure shrinks to few steps and prints the token that replays them.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from otaproof.campaign.fuzz.findings import DIVERGENCE, run
from otaproof.campaign.fuzz.generator import (
    BROKEN_BYTE,
    MAX_CUTS,
    Drawer,
    Worlds,
    draw_history,
    draw_scope,
)
from otaproof.campaign.fuzz.planned_operations import planned_ops
from otaproof.campaign.history.history import IMAGE_SIZE, History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_token import HistoryToken, encode_history_token
from otaproof.campaign.history.player import StepOutcome
from otaproof.campaign.history.step import RUNNING, Step, StepCut, StepName
from otaproof.campaign.lockstep import lockstep, slot_moves
from otaproof.campaign.lockstep.divergence import Divergence, OutOfModel
from otaproof.campaign.lockstep.known_model import forget_models
from otaproof.campaign.lockstep.lockstep import Lockstep, play_in_lockstep, scope_of_device
from otaproof.campaign.lockstep.model_tracker import ModelTracker
from otaproof.campaign.lockstep.seen_operations import OpKind
from otaproof.impl import bootloader
from otaproof.impl.app import esp_ota_select
from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.bootloader import Bootloader
from otaproof.impl.chip.torn_operations import Torn
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.device.api_calls import RESUME_FROM
from otaproof.model.device.model import device_model
from otaproof.model.device.state import Scope, Task
from otaproof.model.device.stray_numbers import stray_named
from otaproof.model.fault_model import FaultModel
from otaproof.model.slot.life_cycle import Event, Row, whole_row
from otaproof.model.slot.situation import Situation, State
from strategies import chunk_bounds, places_of_cuts, small_devices

IMAGES = (SmallImage(1), SmallImage(2), SmallImage(3, secure_version=1), SmallImage(4, secure_version=2))
BROKEN = SmallImage(5, secure_version=2, flipped=BROKEN_BYTE)
POWER_ON = Step(StepName.RESET)
SOFTWARE = Step(StepName.RESET, reason=ResetReason.SOFTWARE)
PlaceOfCut = tuple[int, Torn, int] | None


class Together(RuleBasedStateMachine):
    """One device, from its first power-on."""

    def __init__(self) -> None:
        """Start without a device."""
        super().__init__()
        self.steps: list[Step] = []
        self.cuts = 0
        self.is_over = False

    @initialize(device=small_devices())
    def deliver(self, device: SmallDevice) -> None:
        """Deliver a device; it is off."""
        has_versions = device.config.anti_rollback
        images = (*IMAGES, BROKEN) if has_versions else (*IMAGES[:2], replace(BROKEN, secure_version=0))
        self.history = History(device, images)
        self.run_ = Lockstep(self.history, scope_of_device(device, FaultModel.F3))

    @precondition(lambda self: self.is_off and not self.is_over)
    @rule(place=places_of_cuts())
    def power_on(self, place: PlaceOfCut) -> None:
        """The power comes back."""
        self.play(POWER_ON, place)

    @precondition(lambda self: not self.is_off and not self.is_over)
    @rule(reason=st.sampled_from(ResetReason), place=places_of_cuts())
    def reset(self, reason: ResetReason, place: PlaceOfCut) -> None:
        """Reset the chip; without its power it is only switched off."""
        if reason is ResetReason.POWER_ON:
            self.play(Step(StepName.POWER_OFF), None)
        elif self.run_.is_running:
            self.play(Step(StepName.RESET, reason=reason), place)
        else:
            self.play(SOFTWARE, place)

    @precondition(lambda self: self.is_running)
    @rule(image=st.integers(1, 9), bounds=chunk_bounds(), place=places_of_cuts(), argument=st.sampled_from([1, None]))
    def upgrade(self, image: int, bounds: list[int], place: PlaceOfCut, argument: int | None) -> None:
        """Make a whole upgrade, cut at most in complete()."""
        self.play(Step(StepName.COMMENCE), None)
        for start, stop in pairwise([0, *bounds, IMAGE_SIZE]):
            self.write(image, start, stop - start, None)
        self.play(Step(StepName.COMPLETE, argument=argument), place)

    @precondition(lambda self: self.is_running)
    @rule(place=places_of_cuts())
    def commence(self, place: PlaceOfCut) -> None:
        """Begin an upgrade."""
        self.play(Step(StepName.COMMENCE), place)

    @precondition(lambda self: self.is_running)
    @rule(
        image=st.integers(1, 9),
        start=st.just(0),
        length=st.sampled_from([1, 100, 512, 1000]),
        place=places_of_cuts(),
    )
    def write(self, image: int, start: int, length: int, place: PlaceOfCut) -> None:
        """Write a piece of an image."""
        if self.is_running:
            number = image % len(self.history.images)
            self.play(Step(StepName.WRITE, image=number, offset=start, length=length), place)

    @precondition(lambda self: self.is_running)
    @rule(argument=st.sampled_from([None, 0, 1, 2.5, "1", "x", True]), place=places_of_cuts())
    def complete(self, argument: str | int | float | bool | None, place: PlaceOfCut) -> None:
        """Complete, with any argument."""
        self.play(Step(StepName.COMPLETE, argument=argument), place)

    @precondition(lambda self: self.is_running)
    @rule(name=st.sampled_from([StepName.ACCEPT, StepName.ACCEPT, StepName.ROLLBACK]), place=places_of_cuts())
    def judge(self, name: StepName, place: PlaceOfCut) -> None:
        """Accept or roll back, whatever runs."""
        self.play(Step(name), place)

    @precondition(lambda self: self.is_running)
    @rule(is_factory=st.booleans(), place=places_of_cuts())
    def set_boot(self, is_factory: bool, place: PlaceOfCut) -> None:
        """Ask for the running slot, or for factory."""
        label = "factory" if is_factory and self.history.device.has_factory else RUNNING
        self.play(Step(StepName.SET_BOOT, label=label), place)

    @precondition(lambda self: self.is_running)
    @rule(slot=st.integers(0, 2), place=places_of_cuts())
    def select(self, slot: int, place: PlaceOfCut) -> None:
        """Ask for any OTA slot."""
        slots = self.history.device.slots
        self.play(Step(StepName.SET_BOOT, label=f"ota_{slots[slot % len(slots)]}"), place)

    @precondition(lambda self: self.is_running)
    @rule(place=places_of_cuts())
    def erase_last_boot(self, place: PlaceOfCut) -> None:
        """Erase the slot of the record that does not decide."""
        self.play(Step(StepName.ERASE_LAST_BOOT), place)

    @precondition(lambda self: self.is_running)
    @rule(
        name=st.sampled_from([StepName.RESUME, StepName.ABORT, StepName.SWITCH]),
        offset=st.sampled_from([0, 100, 512, IMAGE_SIZE]),
    )
    def handle(self, name: StepName, offset: int) -> None:
        """Open a handle on what is there, close one, or go on with the other one."""
        if name is not StepName.RESUME:
            self.play(Step(name), None)
        elif self.history.device.config.app_release >= RESUME_FROM:
            self.play(Step(name, offset=offset), None)

    @precondition(lambda self: self.is_running)
    @rule(image=st.integers(1, 9), start=st.sampled_from([0, 400, 512]), place=places_of_cuts())
    def write_at(self, image: int, start: int, place: PlaceOfCut) -> None:
        """Write anywhere in the slot, perhaps over what is there."""
        number = image % len(self.history.images)
        self.play(Step(StepName.WRITE_AT, image=number, offset=start, length=IMAGE_SIZE - start), place)

    @property
    def is_off(self) -> bool:
        """The device has no power."""
        return self.run_.tracker.task is Task.OFF

    @property
    def is_running(self) -> bool:
        """An application runs."""
        return self.run_.is_running and not self.is_over

    def play(self, step: Step, place: PlaceOfCut) -> None:
        """Play a step in both, perhaps cut; what the model leaves out ends the life."""
        if self.is_over or (step.name not in (StepName.RESET, StepName.POWER_OFF) and not self.is_running):
            return
        cut = self.cut(step, place)
        self.steps.append(replace(step, cut=cut))
        try:
            self.run_.step(self.steps[-1])
        except OutOfModel:
            self.is_over = True
        except Divergence as why:
            raise AssertionError(f"{why}\n  otaproof replay {self.token()}") from None
        if self.run_.tracker.task is Task.STUCK:
            self.is_over = True

    def cut(self, step: Step, place: PlaceOfCut) -> StepCut | None:
        """Return the cut for a step: none when there are enough, or when the step has no operation."""
        ops = list(planned_ops(self.run_, step))
        if place is None or not ops or self.cuts == MAX_CUTS:
            return None
        self.cuts += 1
        number, torn, done = place
        burns = sum(op.kind is OpKind.BURN for op in ops)
        number %= len(ops)
        if number >= len(ops) - burns:
            return StepCut(0, efuse_done=done)
        return StepCut(number, torn)

    def token(self) -> str:
        """Return what replays the life so far."""
        history = replace(self.history, steps=tuple(self.steps))
        return encode_history_token(HistoryToken(DIVERGENCE, StepOutcome.CUT, None, history))


TestTogether = Together.TestCase
TestTogether.settings = settings(max_examples=40, stateful_step_count=20)


class LongTogether(Together):
    """The same, longer and more often."""


TestLongTogether = pytest.mark.slow(LongTogether.TestCase)
TestLongTogether.settings = settings(max_examples=3000, stateful_step_count=50)


def device(
    release: Release = Release.V5_1, slots: int = 2, has_factory: bool = False, anti: bool = False
) -> SmallDevice:
    """Return a device with rollback on."""
    config = Config(rollback=True, anti_rollback=anti, app_release=release, bootloader_release=release)
    return SmallDevice(config, tuple(range(slots)), has_factory, (("factory" if has_factory else "ota_0", 0),))


def broken_by(device: SmallDevice, *steps: Step, images: tuple[SmallImage, ...] = IMAGES) -> set[str]:
    """Return the claims that the steps break, in lock step."""
    history = History(device, images, steps)
    return set().union(*play_in_lockstep(history, scope_of_device(device, FaultModel.F3)))


def cut_in(step: Step, op: int, torn: str) -> Step:
    """Return the step with a power cut."""
    return replace(step, cut=StepCut(op, Torn.parse(torn)))


def test_plain_upgrade_breaks_no_claim() -> None:
    """With acceptance, and a second one after it."""
    once = (*upgrade(1), SOFTWARE, Step(StepName.ACCEPT))
    assert set() == broken_by(device(Release.V6_1), POWER_ON, *once, *once, SOFTWARE)


def test_known_behaviour_is_a_broken_claim_and_no_divergence() -> None:
    """complete() without a restart, then commence(): info() names a slot that holds nothing."""
    steps = (*upgrade(1, argument=None), Step(StepName.COMMENCE))
    assert "C10" in broken_by(device(), POWER_ON, *steps)


def test_a_claim_that_stays_broken_is_told_at_every_step() -> None:
    """Also after a step that changes nothing."""
    refused = Step(StepName.ROLLBACK)
    history = History(device(slots=1), IMAGES, (POWER_ON, refused, refused))
    assert 3 * [{"C15"}] == [set(b) for b in play_in_lockstep(history, scope_of_device(history.device, FaultModel.F0))]


def test_state_of_a_delivered_device_is_the_first_of_the_model() -> None:
    """The abstraction of its bytes, and nothing else, makes it."""
    for anti in (False, True):
        for has_factory in (False, True):
            history = History(device(anti=anti, has_factory=has_factory), IMAGES)
            run_ = Lockstep(history, scope_of_device(history.device, FaultModel.F3))
            assert run_.tracker.stepper.initial == run_.tracker.state


@pytest.mark.parametrize("bootloader_release", Release, ids=lambda release: f"bootloader-{release.label}")
@pytest.mark.parametrize("app_release", Release, ids=lambda release: f"app-{release.label}")
def test_wake_up_goes_by_the_bootloader_s_own_release(app_release: Release, bootloader_release: Release) -> None:
    """From 5.5 on, a burned eFuse ends the fast path out of deep sleep, whatever the application is built with."""
    config = Config(
        rollback=True,
        anti_rollback=True,
        skip_validate_in_deep_sleep=True,
        app_release=app_release,
        bootloader_release=bootloader_release,
    )
    delivered = SmallDevice(config, (0, 1), holds=(("ota_0", 0),))
    burned = (POWER_ON, *upgrade(2), SOFTWARE, Step(StepName.ACCEPT))
    wake = Step(StepName.RESET, reason=ResetReason.DEEP_SLEEP)
    run_ = Lockstep(History(delivered, IMAGES), scope_of_device(delivered, FaultModel.F3))
    for step in (*burned, wake):
        run_.step(step)
    assert (bootloader_release < Release.V5_5) == ("wake" in run_.tracker.taken)


WORLDS = Worlds(slots=3, has_factory=True, rollback=True, anti_rollback=False, app_version=Release.V5_5.point)


def test_random_histories_take_every_action_of_the_model() -> None:
    """Calls, operations and boots, and most cuts of F1 and F2: lock step is not idle. By chance, no number is stray."""
    taken: set[str] = set()
    names: set[str] = set()
    for has_factory in (False, True):
        worlds = replace(WORLDS, has_factory=has_factory)
        _, scope = draw_scope(Random(0), worlds)
        names |= {action.name for action in device_model(scope).actions if stray_named(action.name) is None}
        names -= {"wake", "reject_erases", "set_boot_reject_erases"}
        for index in range(150):
            taken |= _actions_taken(index, worlds)
    assert set() == {name for name in names - taken if not name.startswith("cut_in_")}
    assert len(names - taken) < 20


def _actions_taken(index: int, worlds: Worlds) -> set[str]:
    random = Random(index)
    config, scope = draw_scope(random, worlds)
    run_ = Lockstep(draw_history(random, config, scope), scope)
    for step in Drawer(random, run_).steps():
        run_.step(step)
    return run_.tracker.taken


def diverges() -> bool:
    """Tell whether random histories show a divergence, with or without a factory partition."""
    return any(
        finding.claim_id == DIVERGENCE
        for index in range(100)
        for has_factory in (False, True)
        for finding in run(1, index, replace(WORLDS, has_factory=has_factory)).findings
    )


def test_the_board_as_it_is_does_not_diverge() -> None:
    """What the mutants below are measured against."""
    assert not diverges()


BOARD_MUTANTS: dict[str, tuple[object, str, object]] = {
    "the fallback goes up only": (bootloader, "fallback_order", range),
    "what was under test is not aborted": (Bootloader, "_abort_pending", lambda self, otadata, entries: entries),
    "a new image is not put under test": (Bootloader, "_note_selected", lambda *_: None),
    "the spare record is kept": (EspOta, "_invalidate_inactive_entry", lambda self: None),
    "an upgrade is allowed under test": (EspOta, "_check_accepted", lambda self: None),
    "the first sector is always rewritten": (
        esp_ota_select,
        "select_rewrite",
        lambda entries, slot, count, in_place: (0, slot + 1),
    ),
    "any image can be gone back to": (EspOta, "esp_ota_check_rollback_is_possible", lambda self: True),
    "complete() takes any image": (EspOta, "_is_download_valid", lambda self, session: True),
    "a handle outlives its abort": (EspOta, "esp_ota_abort", lambda self, handle: None),
    "the end of a session ends all": (
        EspOta,
        "esp_ota_end",
        lambda self, handle, end=EspOta.esp_ota_end: (end(self, handle), self._sessions.clear()),
    ),
    "the slot of the last boot is kept": (
        EspOta,
        "esp_ota_erase_last_boot_app_partition",
        lambda self: self._erase_last_boot(with_image=False),
    ),
    "any image can be selected": (
        EspOta,
        "esp_ota_set_boot_partition",
        EspOta.esp_ota_set_boot_partition_skip_validate,
    ),
    "a resumed download begins anew": (
        EspOta,
        "esp_ota_resume",
        lambda self, target, size, offset: self.esp_ota_begin(target, size),
    ),
}


@pytest.mark.parametrize("name", BOARD_MUTANTS)
def test_wrong_board_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mutation of the board diverges from model or table."""
    owner, attribute, wrong = BOARD_MUTANTS[name]
    monkeypatch.setattr(owner, attribute, wrong)
    assert diverges()


MODEL_MUTANTS: dict[str, Callable[[Scope], Scope]] = {
    "rules of 5.1 for 5.5": lambda scope: replace(scope, config=replace(scope.config, app_release=Release.V5_1)),
    "rules of 6.0 for 5.5": lambda scope: replace(scope, config=replace(scope.config, app_release=Release.V6_0)),
    "no rollback": lambda scope: replace(scope, config=replace(scope.config, rollback=False)),
    "no factory": lambda scope: replace(scope, has_factory=False),
    "weaker cuts": lambda scope: replace(scope, faults=FaultModel.F0),
}


@pytest.mark.parametrize("name", MODEL_MUTANTS)
def test_wrong_model_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of another device diverges from the board; in a weaker fault model a cut leaves what it does not know."""
    monkeypatch.setattr(
        lockstep, "ModelTracker", lambda scope, stored: ModelTracker(MODEL_MUTANTS[name](scope), stored)
    )
    assert diverges()


def test_wrong_life_cycle_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table without the row of a testing slot that is aborted has no way for what the board does."""

    def without_l51(state: State, event: Event, situation: Situation) -> Row:
        row = whole_row(state, event, situation)
        return replace(row, after=State.TESTING) if row.id == "L51" else row

    slot_moves.is_allowed.cache_clear()
    forget_models()
    monkeypatch.setattr(slot_moves, "whole_row", without_l51)
    found = diverges()
    slot_moves.is_allowed.cache_clear()
    forget_models()
    assert found


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((Step(StepName.RESET, reason=ResetReason.PANIC),), "without power"),
        ((Step(StepName.ACCEPT),), "nobody"),
        ((POWER_ON, *upgrade(1), Step(StepName.RESET, reason=ResetReason.DEEP_SLEEP)), "go to sleep"),
    ],
)
def test_what_no_device_does_is_left_out(steps: tuple[Step, ...], why: str) -> None:
    """It is neither a divergence nor a broken claim."""
    with pytest.raises(OutOfModel, match=why):
        broken_by(device(), *steps)


def test_torn_version_is_left_out() -> None:
    """A wipe that is cut and leaves another secure version in the description; known-cases has what comes of it."""
    wiped = cut_in(Step(StepName.COMMENCE), 0, "mask:" + "00" * 36 + "01")
    with pytest.raises(OutOfModel, match="names a version that no image has"):
        broken_by(device(anti=True), POWER_ON, *upgrade(1), SOFTWARE, Step(StepName.ACCEPT), wiped)
