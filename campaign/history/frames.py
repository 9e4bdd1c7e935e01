"""A device moment by moment: what flash holds after each operation of a played step, and what boots from there."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...impl.board import App
from ...impl.chip.cells import ERASED_SECTOR, Cells, split_by_sector
from ...impl.chip.flash import FlashOp, FlashOpKind
from ...impl.esp_err import OtaError
from ...impl.otadata import active_otadata
from ...impl.partitions.partition import Partition
from ...impl.program_end import Panic
from ...model.ota_state import api_name
from ..device_under_test import DeviceUnderTest, NamedImage
from ..operation_text import describe_ops
from .player import Moment, Played, Player, StepOutcome, touches
from .step import POWER_ON
from .whole_records import entries_in

NO_STATE = "none"
"""The state of a slot that no record names, as the life cycle calls it."""
LEAST_MATCH = 64
"""Bytes of an image that tell it from another."""
MOST_TOLD = 4
"""Operations, or runs of them, that are told one by one."""


@dataclass(frozen=True, slots=True)
class PartView:
    """An app partition, or otadata, at a moment."""

    label: str
    offset: int
    size: int
    holds: str
    """What lies in it, in words; empty for otadata, whose records tell."""
    state: str | None
    """Of an OTA slot, what info() says of it, or "none"; None for another partition."""
    is_touched: bool
    """The operations of the frame change bytes of it."""


@dataclass(frozen=True, slots=True)
class PlayFrame:
    """What a device holds after some operations of a step."""

    text: str
    """The step; where the frame ends it, with what came of it."""
    ops: str
    """The operations since the frame before, in words; empty for none."""
    is_cut: bool
    """The power failed in the last of them."""
    entries: tuple[bytes, bytes] | None
    """The otadata entries."""
    decides: int | None
    """Which of the two selects what boots; None for neither."""
    efuse_bits: int
    parts: tuple[PartView, ...]
    boots: str | None
    """Label of the partition that starts when the power fails now and comes back; None where nothing does."""
    boots_image: str | None
    """Name of the image that lies whole in it, before it starts."""


def frames_of(dut: DeviceUnderTest, played: Played, text: str) -> Iterator[PlayFrame]:
    """Yield the frames of a step: one for each operation on otadata and for the one that is cut, one for each run of
    others in a partition; one for a step without operations. text: the step, with what came of it."""
    groups = _groups(dut, played) or [range(0)]
    for number, group in enumerate(groups, 1):
        is_last = number == len(groups)
        moment = played.after if is_last else played.moments[group.stop]
        ops = played.ops[group.start : group.stop]
        is_cut = is_last and played.outcome is StepOutcome.CUT
        yield frame_of(dut, moment, text if is_last else str(played.step), ops, is_cut)


def frame_of(
    dut: DeviceUnderTest, moment: Moment, text: str, ops: tuple[FlashOp, ...] = (), is_cut: bool = False
) -> PlayFrame:
    """Return what a device holds at a moment, after these operations."""
    entries = dut.entries(moment.cells)
    pair = entries_in(dut, moment.cells.read)
    player = Player(dut, moment)
    boots = player.play(POWER_ON).running
    image = None if boots is None else dut.image_in(moment.cells, dut.partition(boots))
    app = _any_app(dut, moment)
    shown = [partition for partition in dut.table if partition.is_app or partition is dut.otadata]
    return PlayFrame(
        text=text,
        ops=_describe(ops),
        is_cut=is_cut,
        entries=entries,
        decides=None if pair is None else active_otadata(pair),
        efuse_bits=moment.efuse_bits,
        parts=tuple(_part(dut, moment.cells, partition, app, ops) for partition in shown),
        boots=boots,
        boots_image=None if image is None else image.name,
    )


def _groups(dut: DeviceUnderTest, played: Played) -> list[range]:
    """Return the operations of a step in runs that are shown together."""
    groups: list[range] = []
    last = len(played.ops) - 1 if played.outcome is StepOutcome.CUT else None
    homes = [_home(dut, op) for op in played.ops]
    for index, home in enumerate(homes):
        is_joined = groups and index != last and home is not None and home == homes[index - 1]
        if is_joined:
            groups[-1] = range(groups[-1].start, index + 1)
        else:
            groups.append(range(index, index + 1))
    return groups


def _home(dut: DeviceUnderTest, op: FlashOp) -> str | None:
    """Return the partition whose operations are shown together; None for one that is shown alone."""
    if dut.is_in_otadata(op.address):
        return None
    return next((partition.label for partition in dut.table if touches((op,), partition)), None)


def _any_app(dut: DeviceUnderTest, moment: Moment) -> App | None:
    """Return an application that can be asked of the slots; None where none would run."""
    board = dut.board(moment.cells, moment.efuse_bits)
    for partition in dut.table:
        if partition.is_app:
            try:
                return App(board.flash, board.efuse, dut.config, partition)
            except (Panic, OtaError):
                continue
    return None


def _part(
    dut: DeviceUnderTest, cells: Cells, partition: Partition, app: App | None, ops: tuple[FlashOp, ...]
) -> PartView:
    state = _state(app, partition) if partition.is_ota_slot else None
    holds = contents_text(dut, cells, partition) if partition.is_app else ""
    return PartView(partition.label, partition.offset, partition.size, holds, state, touches(ops, partition))


def _state(app: App | None, partition: Partition) -> str:
    if app is None:
        return NO_STATE
    try:
        return api_name(app.ota.esp_ota_get_state_partition(partition))
    except OtaError:
        return NO_STATE


def contents_text(dut: DeviceUnderTest, cells: Cells, partition: Partition) -> str:
    """Return in words what lies in an app partition."""
    whole = dut.image_in(cells, partition)
    if whole is not None:
        return f"“{whole.name}”, whole"
    sectors = cells.sectors(partition.offset, partition.size)
    erased = sum(sector == ERASED_SECTOR for sector in sectors)
    if erased == len(sectors):
        return "erased"
    image, matching = max(
        ((image, _matching(cells, partition, image)) for image in dut.images), key=lambda item: item[1]
    )
    if matching >= LEAST_MATCH:
        return f"{matching:,} of {len(image.contents):,} bytes of “{image.name}”"
    return f"no whole image; {erased:,} of {len(sectors):,} sectors are erased" if erased else "no whole image"


def _matching(cells: Cells, partition: Partition, image: NamedImage) -> int:
    """Return how many bytes of an image lie in a partition: of each sector those up to the first other one."""
    count = 0
    for index, offset, piece in split_by_sector(partition.offset, image.contents[: partition.size]):
        held = cells.sector(index)[offset : offset + len(piece)]
        same = len(piece) if held == piece else next(at for at in range(len(piece)) if held[at] != piece[at])
        count += same
    return count


def _describe(ops: tuple[FlashOp, ...]) -> str:
    """Return operations in a line, however many there are."""
    text = describe_ops(ops)
    if text.count(", ") < MOST_TOLD:
        return text
    erases = sum(op.kind is FlashOpKind.ERASE for op in ops)
    what = [f"{erases:,} erases"] if erases else []
    what += [f"{len(ops) - erases:,} programs"] if erases < len(ops) else []
    first, end = min(op.address for op in ops), max(op.address + op.length for op in ops)
    return f"{' and '.join(what)} in 0x{first:x} … 0x{end - 1:x}"
