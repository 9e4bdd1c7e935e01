"""When a path through impl does what a chain of the model does: the same operations, bytes and end, as a formula.

A record of the model is programmed as its encoding: its number, state word and check word; the label is the one that
the sector had, blank for a first record. A record whose check word is wrong keeps number and check word. A slot is
erased as all of its sectors, upwards.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

import z3

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import Partition
from ...model.device.records import Record, Word
from ...model.device.state import Task
from .impl_refines_model import EntryView
from .model_chains import BurnsBits, Chain, ErasesSector, Operation, ProgramsRecord, WipesSlot
from .symbolic_board import LABELS, OTADATA, BurnOp, EraseOp, FlashLog, ProgramOp, SymBytes
from .symbolic_entries import FIRST, SECOND, EntryTerms

REFUSED_BY_NAME = re.compile(r"complete_fails|set_boot_ota_\d+_rejects")
"""Actions of the model whose call raises an error, as it does where the model has no action; the others return."""
NEVER = z3.BoolVal(False)


class End(Enum):
    """How a call ends."""

    RETURNED = "returns"
    REFUSED = "raises an error"
    RESTARTED = "restarts the chip"
    STARTED = "starts an image"
    STUCK = "finds nothing to start"


@dataclass(frozen=True, slots=True)
class PathOutcome:
    """What one path through impl does."""

    log: FlashLog
    end: End
    started: Partition | None = None

    @property
    def is_refusal(self) -> bool:
        """It changes nothing and reports an error."""
        return self.end is End.REFUSED and not self.log


class Agreement:
    """When paths of one case do what chains do."""

    def __init__(self, view: EntryView, sectors: dict[int, range]) -> None:
        """Compare as the view reads terms; sectors: by slot, the addresses of its sectors."""
        self._view = view
        self._sectors = sectors
        self._encoded: dict[tuple[int, int], Any] = {}

    def __call__(self, outcome: PathOutcome, chain: Chain) -> Any:
        """Return the formula that the path does what the chain does."""
        expected = [part for operation in chain.operations for part in self._parts(operation)]
        pairs = list(zip(outcome.log, expected, strict=False))
        if len(outcome.log) != len(expected) or not all(_is_alike(done, part) for done, part in pairs):
            return NEVER
        return z3.And(_ends_alike(self._view, outcome, chain), *(self._is_same(done, part) for done, part in pairs))

    def _parts(self, operation: Operation) -> Iterator[EraseOp | ProgramsRecord | BurnsBits]:
        match operation:
            case ErasesSector(sector):
                yield EraseOp(_address(sector))
            case WipesSlot(slot):
                yield from map(EraseOp, self._sectors[slot])
            case _:
                yield operation

    def _is_same(self, done: EraseOp | ProgramOp | BurnOp, part: EraseOp | ProgramsRecord | BurnsBits) -> Any:
        match done, part:
            case ProgramOp(), ProgramsRecord():
                # Many paths program the same bytes, and terms and chains stay alive meanwhile.
                key = done.data.term.get_id(), id(part)
                if key not in self._encoded:
                    self._encoded[key] = is_encoded(self._view, done.data, part)
                return self._encoded[key]
            case BurnOp(), BurnsBits():
                before, after = self._view.word(part.before), self._view.word(part.after)
                return z3.And(before & done.bits == 0, before | done.bits == after)
            case _:
                return z3.BoolVal(True)


def _is_alike(done: EraseOp | ProgramOp | BurnOp, part: EraseOp | ProgramsRecord | BurnsBits) -> bool:
    """Tell whether both are the same kind of operation at the same place, whatever the bytes and bits."""
    match done, part:
        case ProgramOp(), ProgramsRecord():
            return done.address == _address(part.sector) and len(done.data) == ENTRY_SIZE
        case BurnOp(), BurnsBits():
            return True
        case _:
            return done == part


def is_encoded(view: EntryView, data: SymBytes, expected: ProgramsRecord) -> Any:
    """Return the formula that the bytes are the encoding of the record. Source: esp_ota_select_entry_t."""
    entry = EntryTerms(data.part(0, 4), data.part(24, 4), data.part(28, 4))
    record, before = expected.record, (FIRST, SECOND)[expected.sector]
    word = view.word(record.word)
    label = z3.BitVecVal(-1, 160) if expected.task is Task.FRESH else LABELS[expected.sector]
    return z3.And(
        *_reads_as(view, entry, record),
        entry.state == z3.If(word == Word.UNDEFINED, z3.BitVecVal(-1, 32), word),
        z3.Or(view(record.is_right), z3.And(entry.seq == before.seq, entry.crc == before.crc)),
        data.part(4, 20) == label,
    )


def _reads_as(view: EntryView, entry: EntryTerms, record: Record) -> Iterator[Any]:
    """Yield, for each field of the model's record, that the entry reads as it."""
    for part in fields(Record):
        wanted = getattr(record, part.name)
        read = view.abstract(entry, part.name, wanted.bits)
        if read is not None:
            yield _widened(read) == view.word(wanted)


def _ends_alike(view: EntryView, outcome: PathOutcome, chain: Chain) -> Any:
    match chain.task:
        case Task.RUN:
            return z3.BoolVal(outcome.end is (End.REFUSED if REFUSED_BY_NAME.fullmatch(chain.first) else End.RETURNED))
        case Task.SELECT:
            return z3.BoolVal(outcome.end is End.RESTARTED)
        case Task.STARTED if outcome.started is not None:
            place = view.scope.factory if outcome.started.is_factory else outcome.started.slot
            return view.word(chain.running) == place
        case task:
            return z3.BoolVal(task is Task.STUCK and outcome.end is End.STUCK)


def _address(sector: int) -> int:
    return OTADATA + sector * SECTOR_SIZE


def _widened(bits: Any) -> Any:
    return bits if bits.size() == 32 else z3.ZeroExt(32 - bits.size(), bits)
