"""impl's bootloader run on a simulated flash with the records of a counterexample, to check what a formula says."""

from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import Failure, FailureExtent, FlashOp, FlashOpKind, NorFlash
from ...impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from ...model.config import Config
from .counterexample import Act, Deed, DeedKind, SelectionInputs, TheoremCounterexample
from .expected_selection import INVALID_INDEX

_FACTORY_SIZE = 0x100000


def played_selection(example: TheoremCounterexample, config: Config) -> Deed:
    """Return what impl's bootloader selects and writes for these inputs."""
    inputs = example.inputs
    assert isinstance(inputs, SelectionInputs)
    cells = Cells.erased(inputs.otadata_offset + 2 * SECTOR_SIZE)
    for number, record in enumerate(inputs.records):
        cells = cells.with_bytes(inputs.otadata_offset + SECTOR_SIZE * number, record)
    flash = _NotedFlash(cells)
    flash.plan_failure(*(Failure(number, FailureExtent.NONE) for number in example.failing))
    selection = Bootloader(flash, Efuse(0, config.secure_version_bits), config)._select(_table(inputs))
    ended = zip(flash.take_ops(), flash.programmed, strict=True)
    acts = tuple(_act(op, data, number in example.failing) for number, (op, data) in enumerate(ended))
    if selection is None:
        return Deed(INVALID_INDEX, noted=False, acts=acts)
    return Deed(selection.index, selection.has_initial_contents, acts)


def _act(op: FlashOp, data: bytes, fails: bool) -> Act:
    kind = DeedKind.ERASE if op.kind is FlashOpKind.ERASE else DeedKind.PROGRAM
    return Act(kind, op.address, data, fails)


class _NotedFlash(NorFlash):
    """A flash that keeps the bytes of each program."""

    def __init__(self, cells: Cells) -> None:
        """Start powered, holding `cells`."""
        super().__init__(cells)
        self.programmed: list[bytes] = []
        """By operation; empty for an erase."""

    def erase_sector(self, address: int) -> None:
        """Erase; no bytes."""
        self.programmed.append(b"")
        super().erase_sector(address)

    def program(self, address: int, data: bytes) -> None:
        """Program; keep the bytes."""
        self.programmed.append(data)
        super().program(address, data)


def _table(inputs: SelectionInputs) -> BootloaderState:
    factory = otadata = None
    if inputs.factory_offset:
        place = inputs.factory_offset, _FACTORY_SIZE
        factory = Partition("factory", PartitionType.APP, AppSubtype.FACTORY, *place)
    if inputs.otadata_offset:
        place = inputs.otadata_offset, inputs.otadata_size
        otadata = Partition("otadata", PartitionType.DATA, DataSubtype.OTA, *place)
    return BootloaderState(factory, None, {}, inputs.app_count, otadata)
