"""What a run of a bootloader comes to, told the same way of the emulated one and of the simulated one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import FlashOp, FlashOpKind, NorFlash

POWER_CUT = "the power fails"
PANIC = "an assertion fails, or the processor traps"
RESETS = "resets without starting an image"


class ChipMemory(NamedTuple):
    """What a run reads and changes."""

    flash: NorFlash
    efuse: Efuse


class TriedImage(NamedTuple):
    """An image that is to be started if it passes."""

    offset: int
    """Where it begins in flash."""
    is_verified: bool
    """By its checksum and hash; else by its headers alone."""

    def __str__(self) -> str:
        """Say it in words."""
        return f"0x{self.offset:x}{'' if self.is_verified else ' (headers alone)'}"


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """One run, from its first instruction to its end."""

    ending: str
    """What it comes to, in words."""
    ops: tuple[FlashOp, ...]
    """The flash operations, oldest first; one that is cut is the last."""
    before_ops: tuple[Cells, ...]
    """What the flash held before each of them."""
    cells: Cells
    """What it holds at the end."""
    tried: tuple[TriedImage, ...]
    """The images that were loaded or refused, oldest first."""
    burns: tuple[int, ...]
    """The bits of each eFuse burn, oldest first."""
    efuse_bits: int
    """What the eFuse holds at the end."""

    @classmethod
    def of(cls, ending: str, chip: ChipMemory, tried: Sequence[TriedImage]) -> "RunOutcome":
        """Return the outcome of a run on a chip whose flash took snapshots."""
        flash, efuse = chip
        ops, before = tuple(flash.ops), tuple(flash.snapshots or ())
        return cls(ending, ops, before, flash.cells, tuple(tried), tuple(efuse.burns), efuse.bits)


def selects(index: int, has_initial_contents: bool) -> str:
    """Return the ending of a selection. index: as the C code has it, -1 for factory."""
    app = "factory" if index == -1 else f"slot {index}" if index >= 0 else f"index {index}"
    return f"selects {app}{', both entries count as never written' if has_initial_contents else ''}"


def starts(offset: int) -> str:
    """Return the ending of a boot. offset: where the partition begins whose image is started."""
    return f"starts the image at 0x{offset:x}"


def first_difference(emulated: RunOutcome, simulated: RunOutcome) -> tuple[str, str] | None:
    """Return what each does where they first differ; None where they do not."""
    if emulated == simulated:
        return None
    for number, (ours, theirs) in enumerate(zip(emulated.ops, simulated.ops, strict=False)):
        if ours != theirs:
            return _operation(ours), _operation(theirs)
        after = _after(emulated, number), _after(simulated, number)
        if after[0] != after[1]:
            return _left(ours, *after), _left(ours, after[1], after[0])
    count = len(simulated.ops)
    if len(emulated.ops) > count:
        return _operation(emulated.ops[count]), f"no further flash operation, {simulated.ending}"
    if count > len(emulated.ops):
        return f"no further flash operation, {emulated.ending}", _operation(simulated.ops[len(emulated.ops)])
    if emulated.burns != simulated.burns:
        return _burns(emulated), _burns(simulated)
    if emulated.tried != simulated.tried:
        return _tries(emulated), _tries(simulated)
    return emulated.ending, simulated.ending


def _tries(outcome: RunOutcome) -> str:
    """Return in words which images were verified."""
    places = ", ".join(map(str, outcome.tried))
    return f"verifies {f'the images at {places}' if places else 'no image'}, {outcome.ending}"


def _burns(outcome: RunOutcome) -> str:
    """Return the eFuse burns in words."""
    burns = " and ".join(f"the eFuse bits 0x{bits:x}" for bits in outcome.burns)
    return f"burns {burns or 'no eFuse bit'}, {outcome.ending}"


def _operation(op: FlashOp) -> str:
    return (
        f"erases 0x{op.address:x}"
        if op.kind is FlashOpKind.ERASE
        else f"programs {op.length} bytes at 0x{op.address:x}"
    )


def _after(outcome: RunOutcome, number: int) -> Cells:
    """Return the flash after an operation of an outcome."""
    return (*outcome.before_ops[number + 1 :], outcome.cells)[0]


def _left(op: FlashOp, cells: Cells, other: Cells) -> str:
    """Return an operation in words, with the first bytes that it leaves and that the other run does not."""
    start = next((a for a in range(0, cells.size, SECTOR_SIZE) if _sector(cells, a) != _sector(other, a)), op.address)
    ours, theirs = _sector(cells, start), _sector(other, start)
    at = next((place for place in range(len(ours)) if ours[place] != theirs[place]), 0) // 4 * 4
    return f"{_operation(op)}, which leaves {ours[at : at + 4].hex()} at 0x{start + at:x}"


def _sector(cells: Cells, address: int) -> bytes:
    return cells.sector(address // SECTOR_SIZE)
