"""Random lives of a board: every slot moves along a row of the life-cycle table, and info() tells what flash holds.

Calls come in any order, before and after each other, with bad images and odd chunks; the power is cut in any
operation, with any tear; a flash operation may fail and return. States are read from the raw bytes.
"""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from slot_moves import Moment, reported, situations
from small_boards import (
    OTADATA,
    SECTOR_SIZE,
    UPDATE,
    Outline,
    moment_of,
    read_records,
    running_slot,
    touches_otadata,
    with_records,
)

from otaproof.impl.app.otaupgrade import LuaError, LuaValue, OtaUpgrade
from otaproof.impl.board import App, Board
from otaproof.impl.chip.flash import Failure, PlannedCut, PlanNotReached, Strictness
from otaproof.impl.program_end import PowerCut, ProgramEnd
from otaproof.model.config import Config, Pin
from otaproof.model.fault_model import FaultModel
from otaproof.model.slot.life_cycle import Event, allowed_rows, whole_row
from otaproof.model.slot.situation import Situation, State
from strategies import (
    Interruption,
    chunk_sizes,
    complete_arguments,
    configs,
    entries,
    images,
    interruptions,
    outlines,
    rarely,
)

Action = Callable[[], None]


class Life(RuleBasedStateMachine):
    """One board, from its first power-on."""

    def __init__(self) -> None:
        """Start without a board."""
        super().__init__()
        self.app: App | None = None
        self.download = b""
        self.has_failed = False

    @initialize(config=configs(), outline=outlines(), data=st.data(), is_foreign=st.booleans())
    def make_board(self, config: Config, outline: Outline, data: st.DataObject, is_foreign: bool) -> None:
        """Make a board that is off, with a good image everywhere, and otadata blank or as others left it."""
        cells = outline.cells()
        if is_foreign:
            entry = entries(outline.slot_count)
            cells = with_records(cells, data.draw(entry), data.draw(entry))
        self.outline = outline
        # A write that failed half-way and is made again programs over what is there, as the chip allows.
        self.board = Board.of_cells(cells, config, Strictness.CHIP)

    @property
    def lua(self) -> OtaUpgrade:
        """The module of the running application."""
        assert self.app is not None
        return self.app.otaupgrade

    @rule(is_test_pin_held=rarely(), interruption=interruptions(5))
    def power_on(self, is_test_pin_held: bool, interruption: Interruption) -> None:
        """Reset the board: it may be off, or running and then loses power first."""
        self.app = None

        def boot() -> None:
            self.app = self.board.power_on(pin=Pin.TEST_APP if is_test_pin_held else None)

        self.step(Event.POWER_ON, boot, interruption, is_test_pin_held)

    @precondition(lambda self: self.app is None)
    @rule(is_wanted=rarely())
    def erase_otadata(self, is_wanted: bool) -> None:
        """Sometimes a tool erases otadata while the board is off."""
        if is_wanted:
            before = moment_of(self.board, self.outline, None)
            blank = b"\xff" * SECTOR_SIZE
            self.board.flash.cells = self.board.flash.cells.with_bytes(OTADATA, 2 * blank)
            self.check(Event.ERASE_OTADATA, before, None, is_refused=False, started=None, is_test_pin_held=False)

    @precondition(lambda self: self.app is not None)
    @rule(size=chunk_sizes(), interruption=interruptions(1), reboots=st.booleans())
    def upgrade(self, size: int, interruption: Interruption, reboots: bool) -> None:
        """Make a whole upgrade, perhaps interrupted as it switches; without such a rule few lives have one."""
        self.commence(None, UPDATE)
        while self.download:
            self.write(None, max(size, 100))
        self.complete(interruption, (1,) if reboots else (), is_whole=True)

    @precondition(lambda self: self.app is not None)
    @rule(is_accepted=st.booleans(), interruption=interruptions(1))
    def reboot(self, is_accepted: bool, interruption: Interruption) -> None:
        """Reset the board and decide on what runs then."""
        self.power_on(False, None)
        if self.app is not None:
            self.accept(interruption) if is_accepted else self.rollback(interruption)

    @precondition(lambda self: self.app is not None)
    @rule(interruption=interruptions(17), image=images())
    def commence(self, interruption: Interruption, image: bytes) -> None:
        """Begin to download that image."""
        self.download = image
        self.call(Event.COMMENCE, self.lua.commence, interruption)

    @precondition(lambda self: self.app is not None)
    @rule(interruption=interruptions(0), size=chunk_sizes())
    def write(self, interruption: Interruption, size: int) -> None:
        """Write the next chunk."""
        chunk, self.download = self.download[:size], self.download[size:]
        self.call(Event.WRITE, lambda: self.lua.write(chunk), interruption)

    @precondition(lambda self: self.app is not None)
    @rule(interruption=interruptions(1), arguments=complete_arguments(), is_whole=st.booleans())
    def complete(self, interruption: Interruption, arguments: tuple[LuaValue, ...], is_whole: bool) -> None:
        """Complete, mostly after the rest of the image was written."""
        if is_whole and self.download:
            self.write(None, len(self.download))
        self.call(Event.COMPLETE, lambda: self.lua.complete(*arguments), interruption)

    @precondition(lambda self: self.app is not None)
    @rule(interruption=interruptions(1))
    def accept(self, interruption: Interruption) -> None:
        """Accept, whatever runs."""
        self.call(Event.ACCEPT, self.lua.accept, interruption)

    @precondition(lambda self: self.app is not None)
    @rule(interruption=interruptions(1))
    def rollback(self, interruption: Interruption) -> None:
        """Roll back, whatever runs."""
        self.call(Event.ROLLBACK, self.lua.rollback, interruption)

    @invariant()
    def info_tells_what_flash_holds(self) -> None:
        """What runs, and the state of each slot."""
        if self.app is None:
            return
        before = self.board.flash.cells
        info = self.lua.info()
        records, count = read_records(before), self.outline.slot_count
        told = {label: State(slot.get("state", "none")) for label, slot in info.slots.items()}
        assert {f"ota_{slot}": reported(records, slot, count)[0] for slot in range(count)} == told
        assert self.app.running.label == info.running
        assert before is self.board.flash.cells

    def call(self, event: Event, function: Callable[[], object], interruption: Interruption) -> None:
        """Make a Lua call of the running application; the application may end with it."""

        def make_call() -> None:
            try:
                function()
            except LuaError:
                self.has_failed = True
            except ProgramEnd:
                self.app = None
                raise

        self.step(event, make_call, interruption)

    def step(self, event: Event, action: Action, interruption: Interruption, is_test_pin_held: bool = False) -> None:
        """Let something happen, perhaps interrupted, and check where each slot went."""
        flash = self.board.flash
        before = moment_of(self.board, self.outline, self.app)
        if isinstance(interruption, PlannedCut):
            flash.plan_cut(interruption)
        elif isinstance(interruption, Failure):
            flash.plan_failure(interruption)
        flash.take_ops()
        self.has_failed = False
        is_cut = False
        try:
            action()
        except PowerCut:
            is_cut, self.app = True, None
        except ProgramEnd:
            pass
        try:
            flash.end_plan()
        except PlanNotReached:
            interruption = None
        touched = touches_otadata(self.board)
        self.check(
            event,
            before,
            interruption,
            is_refused=not touched and (self.has_failed or interruption is not None),
            started=running_slot(self.app) if event is Event.POWER_ON else None,
            is_test_pin_held=is_test_pin_held,
        )
        assert is_cut == isinstance(interruption, PlannedCut)

    def check(
        self,
        event: Event,
        before: Moment,
        interruption: Interruption,
        *,
        is_refused: bool,
        started: int | None,
        is_test_pin_held: bool,
    ) -> None:
        """Every slot moved by the one row of a whole step, or by one that the interruption allows."""
        after = read_records(self.board.flash.cells)
        is_cut_reset = event is Event.POWER_ON and isinstance(interruption, PlannedCut)
        starts = range(before.slot_count) if is_cut_reset else [started]
        for slot in range(before.slot_count):
            moved_to, _ = reported(after, slot, before.slot_count)
            found = [
                situations(before, is_refused=is_refused, started=start, is_test_pin_held=is_test_pin_held)[slot]
                for start in starts
            ]
            state = found[0][0]
            ways = [way for _, situation in found for way in self.ways(state, event, moved_to, situation, interruption)]
            assert ways, f"ota_{slot}, {event.value}: no row from {state.value} to {moved_to.value}: {found[0][1]}"

    def ways(
        self, state: State, event: Event, moved_to: State, situation: Situation, interruption: Interruption
    ) -> list[str]:
        """Return the ids of the rows that lead there."""
        if interruption is None:
            row = whole_row(state, event, situation)
            return [row.id] if row.state_after(state, situation.hidden) is moved_to else []
        cut: FaultModel | None = interruption.torn.weakest_model if isinstance(interruption, PlannedCut) else None
        return [row.id for row in allowed_rows(state, event, moved_to, situation, cut, cut is None)]


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=500, stateful_step_count=25)


class LongLife(Life):
    """The same, longer and more often."""


TestLongLife = pytest.mark.slow(LongLife.TestCase)
TestLongLife.settings = settings(max_examples=4000, stateful_step_count=60)
