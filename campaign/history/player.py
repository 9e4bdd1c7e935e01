"""The player: performs steps on the board of a device under test and says how each ended.

After a step that ended the program (a cut, a restart) the next reset step starts it again; calls in between find nobody
to make them, and end as NOBODY. Sweeps, replays, monitors and explanations all play their steps here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from ...impl.app.otaupgrade import LuaError, LuaValue
from ...impl.app.update_failed import UpdateFailed
from ...impl.app.updates import Updates
from ...impl.board import App
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import Failure, FailureExtent, FlashMisuse, FlashOp, PlannedCut, Strictness
from ...impl.chip.undecided_cells import UndecidedCells
from ...impl.chip.undecided_flash import UndecidedFlash
from ...impl.esp_err import EspErr, OtaError
from ...impl.otadata import EntryPair, decode_entry, encode_entry, make_entry
from ...impl.partitions.partition import Partition
from ...impl.program_end import Hang, Panic, PowerCut, Restart
from ..device_under_test import DeviceUnderTest
from .handles import abort, is_open, resume, switch, write_at
from .outside_records import by_otatool
from .step import TOOL_STEPS, Step, StepName


class StepOutcome(Enum):
    """How a step ended."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    RETURNED = "returned"
    """The call returned normally; after a reset: an application runs."""
    RAISED = "raised"
    """The call raised an error; the application goes on."""
    RESTARTED = "restarted"
    """The call restarts the chip; a reset step has to come next."""
    NOTHING_BOOTS = "nothing boots"
    CUT = "cut"
    """The power failed."""
    PANICKED = "panicked"
    HUNG = "hung"
    """A loop without an end."""
    NOBODY = "nobody"
    """No application runs that could make the call."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What flash and eFuse hold at a moment."""

    cells: Cells
    efuse_bits: int


@dataclass(frozen=True, slots=True)
class Played:
    """A step, played."""

    number: int
    """How many steps this player has played before it."""
    step: Step
    outcome: StepOutcome
    error: str | None
    """The text of the error that was raised."""
    ops: tuple[FlashOp, ...]
    """The flash operations, the one that was cut being the last."""
    burns: tuple[int, ...]
    """The bits of each eFuse burn; burns come after all flash operations of their step."""
    moments: tuple[Moment, ...]
    """What was there before the step, and after each operation and burn."""
    running: str | None
    """Label of the partition whose application runs after the step."""
    ran: str | None
    """Label of the partition whose application ran before the step."""
    code: EspErr | None = None
    """The error of ESP-IDF behind what was raised, whatever text the library has for it; None: there is none."""

    @property
    def before(self) -> Moment:
        """What was there before the step."""
        return self.moments[0]

    @property
    def after(self) -> Moment:
        """What is there after the step."""
        return self.moments[-1]

    def touches(self, partition: Partition) -> bool:
        """Tell whether any of the flash operations changes bytes of the partition."""
        return touches(self.ops, partition)


def touches(ops: Iterable[FlashOp], partition: Partition) -> bool:
    """Tell whether any of the operations changes bytes of the partition."""
    return any(op.address < partition.end and partition.offset < op.address + op.length for op in ops)


class Player:
    """Plays steps on the board, one at a time."""

    def __init__(self, dut: DeviceUnderTest, moment: Moment | None = None) -> None:
        """Take a device that is switched off; moment: what it holds, None: what it holds before its first power-on."""
        self.dut = dut
        self.board = dut.board() if moment is None else dut.board(moment.cells, moment.efuse_bits)
        self.app: App | None = None
        self.other_handle: int | None = None
        """A handle that is open beside the one that write() uses; of three the application forgets the oldest."""
        self._played = 0

    def fork(self) -> "Player":
        """Return another player in the same state, program and all, that goes its own way."""
        other = Player(self.dut, self.moment)
        other.board, other.app = self.board.fork(self.app)
        other._played, other.other_handle = self._played, self.other_handle
        return other

    def fork_off(self) -> "Player":
        """Return another player whose device holds the same and is switched off.

        What it reads is noted by the tracker of this player's flash too."""
        other = Player(self.dut, self.moment)
        tracker = self.board.flash.tracker
        other.board.flash.tracker = None if tracker is None else tracker.fork()
        return other

    def fork_at_start(self) -> "Player":
        """Return the same, with what runs as it is right after its start; much faster than to copy a program."""
        other = self.fork_off()
        if self.app is not None:
            other.app = App(other.board.flash, other.board.efuse, self.dut.config, self.app.running)
        return other

    @property
    def running(self) -> str | None:
        """Label of the partition whose application runs."""
        return None if self.app is None else self.app.running.label

    @property
    def moment(self) -> Moment:
        """What flash and eFuse hold now."""
        return Moment(self.board.flash.cells, self.board.efuse.bits)

    def image_in(self, label: str) -> str | None:
        """Return the name of the known image that lies whole in a partition."""
        found = self.dut.image_in(self.board.flash.cells, self.dut.partition(label))
        return None if found is None else found.name

    def play(self, step: Step) -> Played:
        """Play a step; raises PlanNotReached when its cut or failure never comes, with the step played to its end."""
        flash, efuse = self.board.flash, self.board.efuse
        start, ran, number = self.moment, self.running, self._played
        self._played += 1
        flash.take_ops()
        efuse.take_burns()
        flash.snapshots = []
        if step.cut is not None or step.failures:
            self._plan(step)
        app, handle = self.app, self._open_handle()
        outcome, error, code = self._attempt(step)
        if outcome not in (StepOutcome.RETURNED, StepOutcome.RAISED):
            self.app = None
        self._note_handle(app, handle)
        ops, burns, cells = flash.take_ops(), efuse.take_burns(), [*flash.snapshots, flash.cells]
        flash.snapshots = None
        moments = [start]
        for after in cells[1:]:
            moments.append(moments[-1] if after is moments[-1].cells else Moment(after, start.efuse_bits))
        if burns:
            moments += [Moment(flash.cells, bits) for bits in _burned(start.efuse_bits, burns, efuse.bits)]
        if step.cut is not None or step.failures:
            flash.end_plan()
            efuse.end_plan()
            self._meet_undecided()
        return Played(number, step, outcome, error, tuple(ops), tuple(burns), tuple(moments), self.running, ran, code)

    def _plan(self, step: Step) -> None:
        for failure in step.failures:
            # What a failed operation has left may be programmed over, as correct code never does.
            self.board.flash.strictness = Strictness.CHIP
            if failure.is_burn:
                self.board.efuse.plan_failure(failure.op, failure.done is FailureExtent.ALL)
        self.board.flash.plan_failure(*(Failure(f.op, f.done, f.is_silent) for f in step.failures if not f.is_burn))
        if step.cut is None:
            return
        if step.cut.torn is not None:
            self.board.flash.plan_cut(PlannedCut(step.cut.op, step.cut.torn))
        else:
            self.board.efuse.plan_cut(step.cut.op, step.cut.efuse_done or 0)

    def _meet_undecided(self) -> None:
        """Let a chip with undecided bits read as such; no program runs that knows it by another name."""
        flash = self.board.flash
        if isinstance(flash.cells, UndecidedCells) and not isinstance(flash, UndecidedFlash):
            # What they read as may be programmed over, as correct code never does.
            self.board.flash = UndecidedFlash(flash.cells, Strictness.CHIP)
            self.board.flash.powered = flash.powered

    def _attempt(self, step: Step) -> tuple[StepOutcome, str | None, EspErr | None]:
        """Perform a step; return how it ended, and the text and the code of its error."""
        try:
            return self._perform(step), None, None
        except PowerCut:
            return StepOutcome.CUT, None, None
        except Restart:
            return StepOutcome.RESTARTED, None, None
        except Panic:
            return StepOutcome.PANICKED, None, None
        except Hang:
            return StepOutcome.HUNG, None, None
        except (LuaError, OtaError, UpdateFailed) as error:
            return StepOutcome.RAISED, str(error), error.code
        except FlashMisuse as error:
            if self.dut.strictness is Strictness.STRICT:
                raise
            # What flash holds in the field may send a program anywhere.
            return StepOutcome.PANICKED, str(error), None

    def _perform(self, step: Step) -> StepOutcome:
        if step.name is StepName.RESET:
            self.app = None
            self.app = self.board.power_on(step.reason, step.pin)
            return StepOutcome.NOTHING_BOOTS if self.app is None else StepOutcome.RETURNED
        if step.name is StepName.POWER_OFF:
            return StepOutcome.CUT
        if step.name in TOOL_STEPS:
            self._use_tool(step)
            return StepOutcome.RETURNED
        if self.app is None:
            return StepOutcome.NOBODY
        updates = self.app.updates
        call = None if updates is None else self._call_of_library(step, updates)
        (call or self._call_of(step, self.app))()
        return StepOutcome.RETURNED

    def _use_tool(self, step: Step) -> None:
        """Write as a tool does; no program of the device runs then."""
        self.app = None
        flash = self.board.flash
        flash.power_on()
        if self.dut.otadata is not None:
            for record in self._records_by(step):
                self._write_record(self.dut.otadata, record)
            if step.name is StepName.BLANK_OTADATA:
                flash.erase(self.dut.otadata.offset, self.dut.otadata.size)
        if step.name in (StepName.FLASH_SLOT, StepName.UPLOAD):
            home = "factory" if any(partition.is_factory for partition in self.dut.table) else "ota_0"
            partition = self.dut.partition(step.label or home)
            flash.erase(partition.offset, partition.size)
            flash.program(partition.offset, self.dut.image(step.image).contents)

    def _records_by(self, step: Step) -> Iterator[Step]:
        """Yield the records that a tool writes, the last one being whole."""
        raw = self.dut.entries(self.board.flash.cells)
        if step.name is StepName.WRITE_RECORD:
            yield step
        elif step.name is StepName.UPLOAD:
            yield Step(StepName.WRITE_RECORD, sector=0, seq=1)
            yield Step(StepName.BLANK_OTADATA, sector=1)
        elif step.name is StepName.OTATOOL and raw is not None:
            entries = EntryPair(*map(decode_entry, raw))
            count = sum(partition.is_ota_slot for partition in self.dut.table)
            slot = self.dut.partition(step.label).slot
            yield next(record for number, (record, _) in enumerate(by_otatool(entries, count)) if number == slot)

    def _write_record(self, otadata: Partition, record: Step) -> None:
        """Erase a sector of otadata, and write a record there unless it is to be blank."""
        flash, address = self.board.flash, otadata.offset + record.sector * SECTOR_SIZE
        flash.erase(address, SECTOR_SIZE)
        if record.name is StepName.WRITE_RECORD:
            flash.program(address, encode_entry(make_entry(record.seq, record.state)))

    def _open_handle(self) -> int | None:
        """Return the handle that write() uses; None where none is open."""
        return None if self.app is None or not is_open(self.app) else self.app.otaupgrade._handle

    def _note_handle(self, app: App | None, before: int | None) -> None:
        """Keep the handle that a step has put another one in front of; they end with the program."""
        if self.app is None or self.app is not app:
            self.other_handle = None
        elif before is not None and before != self.app.otaupgrade._handle and self.app.ota._find(before) is not None:
            self.other_handle = before
        elif self.other_handle is not None and (
            self.other_handle == self.app.otaupgrade._handle or self.app.ota._find(self.other_handle) is None
        ):
            self.other_handle = None

    def _call_of_library(self, step: Step, updates: Updates) -> Callable[[], object] | None:
        """Return the call where the application brings updates by another library than otaupgrade; None for others."""
        match step.name:
            case StepName.COMMENCE:
                return lambda: updates.commence(step.length)
            case StepName.WRITE:
                contents = self.dut.image(step.image).contents
                return lambda: updates.write(contents[step.offset : step.offset + step.length])
            case StepName.COMPLETE:
                return lambda: updates.complete(restarts=bool(step.argument))
            case StepName.ACCEPT:
                return updates.accept
            case StepName.ROLLBACK:
                return updates.rollback
            case _:
                return None

    def _call_of(self, step: Step, app: App) -> Callable[[], object]:
        lua = app.otaupgrade
        match step.name:
            case StepName.COMMENCE:
                return lua.commence
            case StepName.WRITE:
                contents = self.dut.image(step.image).contents
                return lambda: lua.write(contents[step.offset : step.offset + step.length])
            case StepName.COMPLETE:
                return lambda: lua.complete(_lua_value(step.argument))
            case StepName.ACCEPT:
                return lua.accept
            case StepName.ROLLBACK:
                return lua.rollback
            case StepName.RESUME:
                return lambda: resume(app, step.offset)
            case StepName.ABORT:
                return lambda: abort(app)
            case StepName.SWITCH:
                return lambda: switch(app, self.other_handle)
            case StepName.WRITE_AT:
                contents = self.dut.image(step.image).contents
                return lambda: write_at(app, contents[step.offset : step.offset + step.length], step.offset)
            case StepName.ERASE_LAST_BOOT:
                return app.ota.esp_ota_erase_last_boot_app_partition
            case _:
                label = step.asked_for(app.running.label)
                partition = next((p for p in app.partitions.table if p.label == label), None)
                return lambda: app.ota.esp_ota_set_boot_partition(partition)


def _burned(bits: int, burns: Iterable[int], last: int) -> list[int]:
    """Return the eFuse bits after each burn; the last one may have been cut."""
    states = []
    for new_bits in burns:
        bits |= new_bits
        states.append(bits)
    return [*states[:-1], last]


def _lua_value(argument: str | int | float | bool | None) -> LuaValue:
    return argument.encode("latin-1", "replace") if isinstance(argument, str) else argument
