"""The NOR flash chip: erase and program as logged operations, a power cut inside any of them.

An *operation* is one sector erase or one program call, as the recorded vectors log them; its *micro-steps*
are the sector erase itself, or one page program for each page that the call touches. A power cut happens
before, inside or after a chosen operation, and leaves what a `Torn` says. After it the chip is dead until
`power_on()`; the next access of a program that does not know this yet raises PowerCut again.

An operation can also *fail and return* (Failure): some of it took effect, the caller gets
ESP_ERR_FLASH_OP_FAIL, and the program goes on. Or it *lies*: some of it took effect, and it reports success.
"""

from collections.abc import Hashable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Protocol, Self

from ..esp_err import EspErr, OtaError
from ..program_end import PowerCut
from .cells import ERASED_SECTOR, SECTOR_SIZE, Cells, and_bytes, is_programmable, split_by_sector
from .growing_prefix import GrowingPrefix, Piece
from .torn_cells import after_torn_erase, after_torn_program
from .torn_operations import Torn, page_bounds, page_count


class Strictness(Enum):
    """What the chip does with a program that asks a 0 bit to become 1."""

    STRICT = "strict"
    """Raise FlashMisuse: correct code never does it."""
    CHIP = "chip"
    """Do as the chip does: the bit stays 0."""


class FlashOpKind(Enum):
    """The two operations that change flash, by the letter the recorded vectors use."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    ERASE = "e"
    PROGRAM = "p"


@dataclass(frozen=True, slots=True)
class MicroStep:
    """The least that the chip does in one go: one sector erase, or one program within a page."""

    kind: FlashOpKind
    address: int
    length: int
    """Bytes: 4096 for an erase, 1 … 256 for a program."""


@dataclass(frozen=True, slots=True)
class FlashOp:
    """One logged operation."""

    kind: FlashOpKind
    address: int
    length: int
    """Bytes: 4096 for an erase, the length of the call for a program."""

    def micro_steps(self) -> Iterator[MicroStep]:
        """Yield the operation's micro-steps in the order of execution."""
        if self.kind is FlashOpKind.ERASE:
            yield MicroStep(self.kind, self.address, self.length)
            return
        for page in range(page_count(self.address, self.length)):
            start, end = page_bounds(self.address, self.length, page)
            yield MicroStep(self.kind, self.address + start, end - start)

    @property
    def micro_step_count(self) -> int:
        """How many micro-steps the operation has."""
        return 1 if self.kind is FlashOpKind.ERASE else page_count(self.address, self.length)


@lru_cache(maxsize=4096)
def _erase_of(address: int) -> FlashOp:
    return FlashOp(FlashOpKind.ERASE, address, SECTOR_SIZE)


@dataclass(frozen=True, slots=True)
class PlannedCut:
    """A planned power cut: in operation `op`, counted from 0 since `plan_cut`, leaving what `torn` says."""

    op: int
    torn: Torn


class FailureExtent(Enum):
    """How much of a failing operation takes effect."""

    NONE = "none"
    HALF = "half"
    """The first 2048 bytes of an erase, the first half (rounded down) of a program."""
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Failure:
    """A planned failure: operation `op`, counted from 0 since `plan_failure`, reports an error and returns."""

    op: int
    done: FailureExtent
    is_silent: bool = False
    """It reports success instead."""


class FlashMisuse(Exception):
    """The code under test used the flash as correct code never does; the message names the access."""


class PlanNotReached(Exception):
    """A planned cut or failure never fired: the run proves nothing about it."""


class Query(Protocol):
    """A question about pieces of the chip whose answer matters, not every byte of them."""

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces; nothing outside of them has an influence on the answer."""

    def ask(self, cells: Cells) -> Hashable:
        """Return the answer for these contents: a pure function, cheap when asked again."""

    def steady_until(self, growing: GrowingPrefix) -> int:
        """Return up to how many bytes of a torn operation the answer stays what it is: so many for certain."""


class ReadTracker:
    """What a run has learned of the chip's contents as they were when tracking began.

    `read` holds (sector, start, end) for each piece of a sector that was read; `answers` holds the queries and
    what they were answered. A sector that was erased in the meantime no longer tells of the old contents.
    """

    def __init__(self) -> None:
        """Begin with nothing learned."""
        self.read: set[tuple[int, int, int]] = set()
        self.answers: dict[Query, Hashable] = {}
        self._renewed: set[int] = set()
        self._programmed: set[int] = set()

    def fork(self) -> "ReadTracker":
        """Return a tracker for another way to go on from here; what it learns is noted here too."""
        other = ReadTracker()
        other.read, other.answers = self.read, self.answers
        other._renewed, other._programmed = set(self._renewed), set(self._programmed)
        return other

    def note_read(self, address: int, length: int) -> None:
        """Add a range on the chip."""
        if length <= 0:
            return
        first, offset = divmod(address, SECTOR_SIZE)
        last, before_stop = divmod(address + length - 1, SECTOR_SIZE)
        renewed = self._renewed
        if first not in renewed:
            self.read.add((first, offset, SECTOR_SIZE if last > first else before_stop + 1))
        if last > first:
            self.read.update([(index, 0, SECTOR_SIZE) for index in range(first + 1, last) if index not in renewed])
            if last not in renewed:
                self.read.add((last, 0, before_stop + 1))

    def note_answer(self, query: Query, answer: Hashable) -> None:
        """Add an answer; where a piece is no longer as it was, the old cells of all of them count as read."""
        if self._is_as_it_was(query.pieces):
            self.answers[query] = answer
        else:
            for address, length in query.pieces:
                self.note_read(address, length)

    def _is_as_it_was(self, pieces: Iterable[Piece]) -> bool:
        for address, length in pieces:
            sectors = range(address // SECTOR_SIZE, (address + length - 1) // SECTOR_SIZE + 1)
            if not (self._renewed.isdisjoint(sectors) and self._programmed.isdisjoint(sectors)):
                return False
        return True

    def note_erased(self, index: int) -> None:
        """Add a whole erased sector."""
        self._renewed.add(index)

    def note_programmed(self, address: int, length: int) -> None:
        """Add a program: its result depends on what was there."""
        self.note_read(address, length)
        self._programmed.update(range(address // SECTOR_SIZE, (address + length - 1) // SECTOR_SIZE + 1))


class NorFlash:
    """A NOR flash chip of 4 KiB sectors; all addresses are bytes from its start."""

    def __init__(self, cells: Cells, strictness: Strictness = Strictness.STRICT) -> None:
        """Start powered, holding `cells`."""
        self.cells = cells
        self.strictness = strictness
        self.ops: list[FlashOp] = []
        """Every operation since `take_ops`; one that is cut is the last."""
        self.powered = True
        self.tracker: ReadTracker | None = None
        """Notes what is read, while set."""
        self.snapshots: list[Cells] | None = None
        """Takes the contents before every operation, while set."""
        self._cut: PlannedCut | None = None
        self._failures: dict[int, Failure] = {}
        self._op_index = 0

    @property
    def size(self) -> int:
        """Bytes on the chip."""
        return self.cells.size

    @property
    def unwatched(self) -> Cells | None:
        """The contents; None where there is no power, or somebody wants to know what is read of them."""
        return self.cells if self.powered and self.tracker is None else None

    def fork(self) -> Self:
        """Return another chip in the same state, plan and all, that nobody watches."""
        other = copy(self)
        other.ops, other._failures = [*self.ops], {**self._failures}
        other.tracker = other.snapshots = None
        return other

    def power_on(self) -> None:
        """Make the chip answer again. A planned cut or failure stays planned."""
        self.powered = True

    def plan_cut(self, cut: PlannedCut) -> None:
        """Cut the power in a later operation; see `end_plan`."""
        self._cut, self._op_index = cut, 0

    def plan_failure(self, *failures: Failure) -> None:
        """Let later operations fail and return; see `end_plan`."""
        self._failures, self._op_index = {failure.op: failure for failure in failures}, 0

    def end_plan(self) -> None:
        """Forget the plan; raises PlanNotReached when not all of it has fired."""
        left = [*([self._cut] if self._cut is not None else ()), *self._failures.values()]
        self._cut, self._failures = None, {}
        if left:
            raise PlanNotReached(f"{left[0]} never fired: there were {self._op_index} operations")

    def take_ops(self) -> list[FlashOp]:
        """Return the operations since the last call, oldest first."""
        ops, self.ops = self.ops, []
        return ops

    def read(self, address: int, length: int) -> bytes:
        """Return `length` bytes; past the end of the chip the address wraps to 0."""
        if not self.powered:
            raise PowerCut
        if self.tracker is not None:
            self._track(address, length)
        return self.cells.read(address, length)

    def look(self, address: int, length: int) -> bytes:
        """Return what a read would find: for whoever watches a device, and is no part of it."""
        return self.read(address, length)

    def ask(self, query: Query) -> Hashable:
        """Return the answer to a query about the contents."""
        self._check_power()
        answer = query.ask(self.cells)
        if self.tracker is not None:
            self.tracker.note_answer(query, answer)
        return answer

    def note_read(self, address: int, length: int) -> None:
        """Count a range as read, for a reader that knows its contents already."""
        if self.tracker is not None and length:
            self._track(address, length)

    def erase_sector(self, address: int) -> None:
        """Set the 4096 bytes at `address` to 0xFF."""
        if address % SECTOR_SIZE or not 0 <= address < self.size:
            raise FlashMisuse(f"erase at 0x{address:x}: no sector of this 0x{self.size:x}-byte chip begins there")
        self._begin(_erase_of(address))
        index = address // SECTOR_SIZE
        cut, failure = self._due()
        if cut is not None:
            self.cells = after_torn_erase(self.cells, index, cut)
            raise PowerCut
        if failure is not None:
            torn = Torn.parse({"none": "before", "half": "partial", "all": "after"}[failure.done.value])
            self.cells = after_torn_erase(self.cells, index, torn)
            if failure.is_silent:
                return
            raise OtaError(EspErr.FLASH_OP_FAIL)
        if self.tracker is not None:
            self.tracker.note_erased(index)
        self.cells = self.cells.with_sector(index, ERASED_SECTOR)

    def erase(self, address: int, length: int) -> None:
        """Erase a range of whole sectors, in ascending order; the first that fails ends it."""
        if length % SECTOR_SIZE:
            raise FlashMisuse(f"erase of 0x{length:x} bytes at 0x{address:x}: not whole sectors")
        for sector_address in range(address, address + length, SECTOR_SIZE):
            self.erase_sector(sector_address)

    def program(self, address: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`; a call without data is no operation."""
        if not data:
            return
        if not 0 <= address <= self.size - len(data):
            raise FlashMisuse(f"program of {len(data)} bytes at 0x{address:x}: beyond this 0x{self.size:x}-byte chip")
        self._begin(FlashOp(FlashOpKind.PROGRAM, address, len(data)))
        if self.tracker is not None:
            self.tracker.note_programmed(address, len(data))
        cut, failure = self._due()
        if cut is not None:
            self.cells = after_torn_program(self.cells, address, data, cut)
            raise PowerCut
        if failure is not None:
            done = {"none": 0, "half": len(data) // 2, "all": len(data)}[failure.done.value]
            self._program_cells(address, data[:done])
            if failure.is_silent:
                return
            raise OtaError(EspErr.FLASH_OP_FAIL)
        self._program_cells(address, data)

    def _program_cells(self, address: int, data: bytes) -> None:
        for index, offset, piece in split_by_sector(address, data):
            sector = self.cells.sector(index)
            old = sector[offset : offset + len(piece)]
            if self.strictness is Strictness.STRICT and not is_programmable(old, piece):
                raise FlashMisuse(
                    f"program of {len(data)} bytes at 0x{address:x}: a 0 bit in sector 0x{index * SECTOR_SIZE:x} "
                    f"would have to become 1 (erase it first)"
                )
            done = and_bytes(old, piece)
            new = done if len(done) == SECTOR_SIZE else sector[:offset] + done + sector[offset + len(piece) :]
            self.cells = self.cells.with_sector(index, new)

    def _begin(self, op: FlashOp) -> None:
        if not self.powered:
            raise PowerCut
        if self.snapshots is not None:
            self.snapshots.append(self.cells)
        self.ops.append(op)
        self._op_index += 1

    def _due(self) -> tuple[Torn | None, Failure | None]:
        """Return what is planned for the operation that has begun: the power fails, or it does."""
        if self._cut is None and not self._failures:
            return None, None
        return self._due_cut(), self._due_failure()

    def _due_cut(self) -> Torn | None:
        if self._cut is None or self._cut.op != self._op_index - 1:
            return None
        torn, self._cut, self.powered = self._cut.torn, None, False
        return torn

    def _due_failure(self) -> Failure | None:
        return self._failures.pop(self._op_index - 1, None) if self._failures else None

    def _track(self, address: int, length: int) -> None:
        assert self.tracker is not None
        address %= self.size
        head = min(length, self.size - address)
        self.tracker.note_read(address, head)
        if head < length:
            self.tracker.note_read(0, length - head)

    def _check_power(self) -> None:
        if not self.powered:
            raise PowerCut
