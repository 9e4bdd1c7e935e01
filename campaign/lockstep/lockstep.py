"""Model and board in lock step: a history is played on the board, and the device model follows every operation of it.

Three descriptions have to agree, or it is a Divergence: the board (impl) does it in bytes; the device model must be
able to do the same, operation by operation (model_tracker.py); but by turns, the life-cycle table must have a row for
where each slot went (slot_moves.py). Outcomes of calls and what info() says are compared too. The claims are evaluated
in every state that the model comes through; a broken claim is a result, not a divergence: ESP-IDF does break some.

Left out, and reported as OutOfModel: a torn number near the end of its range that fits its torn check word by chance,
a torn description that names another version, a description that is written over, and where the bootloader skips
validation headers that are; a damaged image that is made whole without an erase; and a history that no device can have,
such as deep sleep without an application.
"""

from collections.abc import Hashable, Iterator
from dataclasses import replace
from functools import partial

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import FlashOp, FlashOpKind
from ...impl.image.format import IMAGE_MAGIC
from ...impl.otadata import ENTRY_SIZE, decode_entry
from ...model.config import Pin, Release, ResetReason
from ...model.device.allowance import Allowance
from ...model.device.api_calls import RESUME_FROM
from ...model.device.records import TOP, Check
from ...model.device.release_class import representative
from ...model.device.remedy_steps import remedied
from ...model.device.state import Ghost, Scope, Task, Usage
from ...model.fault_model import FaultModel
from ...model.remedies import Remedy
from ...model.slot.life_cycle import Event
from ...model.writers import Updater
from ..history.handles import has_written, is_open
from ..history.history import OTADATA, History, SmallDevice
from ..history.player import Moment, Played, Player, StepOutcome
from ..history.step import TOOL_STEPS, WRITE_STEPS, Step, StepName
from .abstraction import Places, Program, Stored, is_at_end
from .board_view import BoardView
from .divergence import Divergence, OutOfModel
from .known_model import KnownSteps, known_model
from .model_tracker import ModelTracker
from .seen_operations import BURN, SeenOp
from .slot_moves import BeforeMove, Move, forbidden_moves
from .step_in_model import action_names, allowed_outcomes, failed_ops
from .tool_actions import tool_action

_EVENTS: dict[StepName, Event] = {
    StepName.RESET: Event.POWER_ON,
    StepName.COMMENCE: Event.COMMENCE,
    StepName.WRITE: Event.WRITE,
    StepName.WRITE_AT: Event.WRITE,
    StepName.RESUME: Event.WRITE,
    StepName.ABORT: Event.WRITE,
    StepName.SWITCH: Event.WRITE,
    StepName.COMPLETE: Event.COMPLETE,
    StepName.ACCEPT: Event.ACCEPT,
    StepName.ROLLBACK: Event.ROLLBACK,
    StepName.SET_BOOT: Event.COMPLETE,
    StepName.ERASE_LAST_BOOT: Event.ERASE_LAST_BOOT,
}
"""esp_ota_set_boot_partition is what complete() ends in, with a target of its own. Handles are no matter of records."""


def scope_of_device(
    device: SmallDevice,
    faults: FaultModel,
    usage: Usage = Usage.ANY,
    versions: int = 3,
    allows: frozenset[Allowance] = frozenset(),
    remedies: frozenset[Remedy] = frozenset(),
) -> Scope:
    """Return the scope of the model for a device, with every ghost."""
    if device.config.updater is not Updater.ESP_IDF:
        raise OutOfModel(f"the model has esp_ota_* as otaupgrade calls them, not {device.config.updates.title}")
    if device.config.notes_in_place:
        remedies |= {Remedy.NOTE_IN_PLACE}
    if device.slots != tuple(range(len(device.slots))):
        raise OutOfModel("the model has slots without gaps")
    if Allowance.END_NUMBERS in allows and (len(device.slots) != 2 or faults >= FaultModel.F3):
        raise OutOfModel("the model has the ends of the number range for two slots, up to F2")
    config = replace(device.config, notes_in_place=False)
    rules = representative(config, allows, remedies - {Remedy.RESTART_AT_ONCE})
    ghosts = frozenset(Ghost)
    plain = Scope(rules, len(device.slots), device.has_factory, faults, usage, versions, ghosts, allows=allows)
    return remedied(plain, remedies)


def play_in_lockstep(history: History, scope: Scope) -> Iterator[frozenset[str]]:
    """Yield the claims that each step breaks; raises Divergence, OutOfModel, and PlanNotReached."""
    run = Lockstep(history, scope)
    for step in history.steps:
        yield run.step(step)


class Lockstep:
    """One device, on the board and in the model."""

    def __init__(self, history: History, scope: Scope) -> None:
        """Begin before the first step of the history, which may be empty."""
        self.history = history
        self.scope = scope
        self.player = Player(history.dut)
        self.places = places_of(history.device)
        self._wakes = False
        self._view = BoardView(scope, self.places, known_model(scope))
        self._stored_now = self._stored(self.player.moment.cells, self.player.moment.efuse_bits)
        self.tracker = ModelTracker(scope, self._stored_now)
        self._known_steps: KnownSteps = self.tracker.model.steps_of(scope, history.device.config)

    @property
    def is_running(self) -> bool:
        """An application runs."""
        return self.player.app is not None

    def takes_fast_path(self, step: Step) -> bool:
        """Tell whether a reset is a wake-up that starts what ran, without a look at otadata.

        With anti-rollback, from 5.5 on, the bootloader takes the version of an image that it does not validate
        for 0, so once a bit of the eFuse is burned the fast path fails. Source: esp_image_format.c image_load."""
        config = self.history.device.config
        if step.reason is not ResetReason.DEEP_SLEEP or not config.skip_validate_in_deep_sleep:
            return False
        is_version_read = config.anti_rollback and config.bootloader_release >= Release.V5_5
        return not is_version_read or self.player.board.efuse.secure_version == 0

    def held_pin(self, step: Step) -> Pin | None:
        """Return the pin that a reset looks at; a wake-up from deep sleep looks at none."""
        return None if step.reason is ResetReason.DEEP_SLEEP else step.pin

    def can_use(self, step: Step) -> bool:
        """Tell whether the model has what a tool does."""
        try:
            self.tool_action(step)
        except OutOfModel:
            return False
        return True

    def tool_action(self, step: Step) -> str:
        """Return the name of what a tool does, in the model."""
        return tool_action(step, self.tracker.can, self.history.images, self.scope.config.anti_rollback)

    def step(self, step: Step) -> frozenset[str]:
        """Play a step in both and return the ids of the claims that it broke."""
        self._check_physical(step)
        label = self.player.running
        before = self._stored_now
        self._wakes = self.takes_fast_path(step)
        names = self.names_of(step)
        played = self.player.play(step)
        if played.outcome is StepOutcome.NOBODY:
            raise OutOfModel(f"{step}: nobody there to make the call")
        stored, last = [before], played.before
        for moment in played.moments[1:]:
            # A moment that is the same object as the one before holds the same.
            stored.append(stored[-1] if moment is last else self._stored(moment.cells, moment.efuse_bits))
            last = moment
        self._stored_now = stored[-1]
        known = self._seen_in(played, stored, names)
        followed = self._known_steps.followed.get(known)
        if followed is None:
            device = BeforeMove(self.history.device.config, self.scope.has_factory, before, self._slot(label))
            follow = partial(self._compare, played, device, stored, names)
            followed = self._known_steps.followed[known] = self.tracker.followed(follow, stored)
        else:
            self.tracker.follow_again(followed)
        self._check_info()
        return self.tracker.take_violated()

    def _compare(self, played: Played, device: BeforeMove, stored: list[Stored], names: tuple[str, ...]) -> None:
        """Let model and life-cycle table follow what the board did; raise Divergence where one of them cannot."""
        self._check_in_model(played, stored)
        self._follow(played, stored, names)
        self._check_slot_moves(played, device, stored)
        self.tracker.look_at_claims()

    def _seen_in(self, played: Played, stored: list[Stored], names: tuple[str, ...]) -> Hashable:
        """Return all that `_compare` goes by: a step that does the same in the same state comes to the same.

        What is stored counts by its identity: equal contents are one object."""
        step, app = played.step, self.player.app
        more: Hashable = None
        match step.name:
            case StepName.RESET:
                more = step.reason, step.pin
            case StepName.WRITE | StepName.WRITE_AT:
                more = step.offset + step.length >= len(self.history.dut.image(step.image).contents)
            case StepName.COMPLETE:
                more = type(step.argument), step.argument
            case StepName.SET_BOOT:
                more = step.label
            case name if name in TOOL_STEPS:
                more = step, self.history.images[step.image or 0]
        return (
            self.tracker.known,
            self.tracker.mode,
            step.name,
            more,
            names,
            self._wakes,
            played.outcome,
            played.ran,
            played.running,
            app is not None and (is_open(app), self.player.other_handle is not None),
            step.failures and (step.failures, app is not None and has_written(app)),
            step.cut is not None and step.cut.weakest_model,
            tuple([op.address if op.kind is FlashOpKind.ERASE else ~op.address for op in played.ops]),
            len(played.burns),
            tuple(map(id, stored)),
        )

    def _check_physical(self, step: Step) -> None:
        """Refuse a reset that the device cannot have in its present condition."""
        if step.name is StepName.RESUME and self.history.device.config.app_release < RESUME_FROM:
            raise OutOfModel(f"esp_ota_resume before {RESUME_FROM.label}")
        if step.name is not StepName.RESET:
            return
        if step.reason is ResetReason.DEEP_SLEEP and not self.is_running:
            raise OutOfModel("no application runs that could go to sleep")
        if step.reason is not ResetReason.POWER_ON and self.tracker.task is Task.OFF:
            raise OutOfModel("a device without power cannot be reset")

    def _check_in_model(self, played: Played, stored: list[Stored]) -> None:
        """Refuse a torn description that names another version than the image has, and one that is written over; where
        the bootloader skips validation, headers that are written over, too."""
        if played.step.name in WRITE_STEPS:
            for old, new in zip(stored[0].slots, stored[-1].slots, strict=True):
                if old.has_description and (new.has_description, new.version) != (True, old.version):
                    raise OutOfModel("a description is written over")
                if self.scope.skips_validation and (old.verifies or old.loads) and not (new.verifies or new.loads):
                    raise OutOfModel("headers are written over")
        if played.outcome is not StepOutcome.CUT or len(stored) < 2:
            return
        if self.scope.config.anti_rollback:
            versions = {slot.version for moment in stored[:-1] for slot in moment.slots}
            versions |= set(range(self.scope.versions)) if played.step.name in WRITE_STEPS else set()
            if any(slot.version not in versions for slot in stored[-1].slots if not slot.verifies):
                raise OutOfModel("a torn description names a version that no image has")

    def names_of(self, step: Step) -> tuple[str, ...]:
        """Return the actions of the model one of which a call is, made now, when it is not refused.

        complete() through a handle that has written nothing closes that handle, whatever the slot holds."""
        app = self.player.app
        names = action_names(step, self.player.running, self.scope.is_by_turns)
        if step.name is StepName.COMPLETE and app is not None and is_open(app) and not has_written(app):
            return ("complete_fails", "session_abort")
        return names

    def takes(self, step: Step) -> bool:
        """Tell whether a write goes on to program: a handle is open, and its first byte is that of an image."""
        app, turns = self.player.app, self.tracker.model.turns
        data = self.history.dut.image(step.image).contents[step.offset : step.offset + step.length]
        if app is None or not is_open(app) or not data or (turns and turns.refuses_bytes(self.tracker.state)):
            return False
        return step.name is StepName.WRITE_AT or has_written(app) or data[0] == IMAGE_MAGIC

    def _follow(self, played: Played, stored: list[Stored], names: tuple[str, ...]) -> None:
        step, tracker = played.step, self.tracker
        began: str | None = None
        if step.name in TOOL_STEPS:
            tracker.use_tool(self.tool_action(step), stored[-1])
            return
        if step.name is StepName.RESET:
            tracker.begin_reset(step.reason is ResetReason.POWER_ON, self._wakes, self.held_pin(step))
        elif step.name is StepName.POWER_OFF:
            tracker.cut(None, stored[-1], FaultModel.F0)
            return
        elif step.name in WRITE_STEPS:
            tracker.begin_write()
        else:
            began = tracker.begin_call(*names)
        ops = [*map(self._seen_op, played.ops), *(BURN for _ in played.burns)]
        whole = ops[:-1] if played.outcome is StepOutcome.CUT else ops
        reaches_end = step.offset + step.length >= len(self.history.dut.image(step.image).contents)
        fails = failed_ops(step, ops, len(played.ops))
        if step.name is StepName.WRITE and fails and self._has_written:
            raise OutOfModel("a write fails that begins in the middle of the first part of an image")
        for number, (op, after) in enumerate(zip(whole, stored[1:], strict=False)):
            tracker.op(op, after, reaches_end, fails.get(number))
        if played.outcome is StepOutcome.CUT:
            assert step.cut is not None and ops
            self._follow_cut(ops[-1], played.after, stored[-1], step.cut.weakest_model)
            return
        if step.name is StepName.RESET:
            if played.outcome not in (StepOutcome.RETURNED, StepOutcome.NOTHING_BOOTS):
                raise Divergence(f"the bootloader {played.outcome.value}")
            tracker.end_boot(self._place(played.running), stored[-1])
            return
        self._check_outcome(played, began)
        has_ended = played.outcome in (StepOutcome.RESTARTED, StepOutcome.PANICKED)
        tracker.end_call(stored[-1], self.program, has_ended)

    @property
    def _has_written(self) -> bool:
        """The upgrade has begun with the first part of an image, and the model has not."""
        app = self.player.app
        begins = any(name.startswith("write_first") for name in self.tracker.known.moves)
        return app is not None and has_written(app) and begins

    def _follow_cut(self, op: SeenOp, left: Moment, after: Stored, fault: FaultModel) -> None:
        try:
            self.tracker.cut(op, after, fault)
        except Divergence:
            if op.record is not None and after.records[op.record].check is Check.RIGHT:
                entry = left.cells.read(self.places.otadata + op.record * SECTOR_SIZE, ENTRY_SIZE)
                if decode_entry(entry).ota_seq >= TOP and not self.scope.has_end_numbers:
                    raise OutOfModel("by chance a torn number near the end of its range fits its check word") from None
            raise

    def _check_outcome(self, played: Played, began: str | None) -> None:
        """The call must have ended as the model has it."""
        allowed = (StepOutcome.RAISED,) if self.tracker.has_raised else allowed_outcomes(played.step, began)
        if played.outcome not in allowed:
            names = " or ".join(outcome.value for outcome in allowed)
            raise Divergence(f"{played.step} {played.outcome.value} ({played.error}); the model: {began}, {names}")

    def _check_slot_moves(self, played: Played, before: BeforeMove, stored: list[Stored]) -> None:
        event = _EVENTS.get(played.step.name)
        if event is None or self.scope.is_by_turns or self.held_pin(played.step) is Pin.FACTORY_RESET:
            # A factory reset is up to three events, which tests/campaign/test_life_cycle_on_board.py tells apart.
            return
        if self.scope.has_end_numbers and any(is_at_end(self.scope, r) for moment in stored for r in moment.records):
            # The table leaves such numbers out.
            return
        target = None
        if played.step.name is StepName.SET_BOOT:
            label = played.step.asked_for(played.ran)
            target = self._slot(label)
            event = Event.ERASE_OTADATA if label == "factory" else event
        if event is Event.POWER_ON and self._wakes:
            event = Event.WAKE
        touched = any(op.address - OTADATA in range(0x2000) for op in played.ops)
        is_cut = played.outcome is StepOutcome.CUT
        failed = played.outcome in (StepOutcome.RAISED, StepOutcome.PANICKED) or is_cut
        starts: tuple[int | None, ...] = (self._slot(played.running),)
        if event is Event.POWER_ON and is_cut:
            starts = (None, *range(self.scope.slots))
        move = Move(
            event=event,
            is_refused=not touched and (failed or played.step.name is StepName.COMPLETE),
            target=target,
            cut=played.step.cut.weakest_model if is_cut and played.step.cut is not None else None,
            starts=starts,
            has_flash_error=bool(played.step.failures),
        )
        # Without secure versions the table looks at the records alone.
        is_all = self.scope.config.anti_rollback
        looked_at = [moment if is_all else moment.records for moment in (before.stored, stored[-1])]
        asked = *map(id, looked_at), before.running, move
        if asked in self._known_steps.allowed:
            return
        for text in forbidden_moves(before, move, stored[-1]):
            raise Divergence(f"the life-cycle table: {text}")
        self._known_steps.allowed[asked] = looked_at

    def _check_info(self) -> None:
        """info() must say what the model says: what boots next, and the state of each slot."""
        app = self.player.app
        if app is None:
            return
        info = app.otaupgrade.info()
        place, states = self.tracker.known.said
        if self._place(info.next) != place:
            raise Divergence(f"info() says {info.next} boots next, the model place {place}")
        for slot, expected in zip(range(self.scope.slots), states, strict=True):
            state_text = info.slots[f"ota_{slot}"].get("state", "none")
            if expected != state_text:
                raise Divergence(f"info() says {state_text} of ota_{slot}, the model {expected}")

    @property
    def program(self) -> Program | None:
        """The place that the board runs from, and whether an upgrade is in progress; None when nothing runs."""
        app = self.player.app
        if app is None:
            return None
        place = self._place(app.running.label)
        assert place is not None
        return Program(place, is_open(app), self.scope.has_two_handles and self.player.other_handle is not None)

    def _seen_op(self, op: FlashOp) -> SeenOp:
        return self._known_steps.seen_op(self.places, op)

    def _stored(self, cells: Cells, efuse_bits: int) -> Stored:
        return self._view.stored(cells, efuse_bits)

    def _place(self, label: str | None) -> int | None:
        if label is None:
            return None
        return self.scope.factory if label == "factory" else int(label.removeprefix("ota_"))

    def _slot(self, label: str | None) -> int | None:
        place = self._place(label)
        return None if place is None or place == self.scope.factory else place


def places_of(device: SmallDevice) -> Places:
    """Return where the records and the slots of a device lie."""
    by_label = {partition.label: partition for partition in device.table}
    slots = (by_label[f"ota_{slot}"] for slot in device.slots)
    return Places(OTADATA, tuple((partition.offset, partition.size) for partition in slots))
