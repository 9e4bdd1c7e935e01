"""impl's call made with the inputs of a counterexample, to check what a formula says."""

from collections.abc import Collection
from typing import Any

from ...impl.app.esp_partition import EspPartitions
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.esp_err import OtaError
from ...impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, APP_DESC_SIZE, AppDesc, encode_app_desc
from ...impl.partitions.partition import Partition, PartitionType
from ...impl.program_end import Panic, Restart
from ...impl.release_rules import app_rules
from ...model.config import Config
from ..execution.words import MASK
from ..theorems.deeds import Act, Deed, DeedKind
from ..theorems.planned_hardware import PlannedEfuse, PlannedFlash, cells_with
from .call_example import CallInputs
from .call_outcome import CallEnd
from .expected_call import CallReturn, CountedSelection, ImplCall


def played_call(run: ImplCall, inputs: CallInputs, failing: Collection[int], config: Config) -> Deed:
    """Return what impl's call checks, writes and returns; failing: numbers of what does not pass, from 0."""
    start = inputs.otadata.offset if inputs.otadata else 0
    cells = cells_with((), start)
    for number, record in enumerate(inputs.records):
        cells = cells.with_bytes(start + SECTOR_SIZE * number, record)
    flash = _DescribedFlash(cells, failing, inputs)
    end, returned = _ended(run, _PlannedSelection(flash, inputs, config), _PlannedArguments(inputs))
    state = inputs.state_before if returned.state is None else returned.state
    words = (int(returned.code) & MASK, state, *returned.session) if end is CallEnd.RETURNS else (0, 0, 0, 0)
    return Deed(end, noted=False, acts=flash.acts, words=words)


def _ended(run: ImplCall, ota: "_PlannedSelection", arguments: "_PlannedArguments") -> tuple[CallEnd, CallReturn]:
    try:
        return CallEnd.RETURNS, run(ota, arguments) or CallReturn()
    except OtaError as error:
        return CallEnd.RETURNS, CallReturn(error.code)
    except Restart:
        return CallEnd.RESTARTS, CallReturn()
    except Panic:
        return CallEnd.PANICS, CallReturn()


class _AnyError(int):
    """An esp_err_t of any number that an operation returns."""

    code_name = "any error"


class _PlannedArguments:
    """The arguments of the example."""

    def __init__(self, inputs: CallInputs) -> None:
        """Take them."""
        self.partition = inputs.asked
        self.wants_state = inputs.wants_state
        self.image_size = inputs.session.image_size if inputs.session else 0


class _DescribedFlash(PlannedFlash):
    """A flash in which images' descriptions are read wherever the example puts them; they may overlap."""

    def __init__(self, cells: Cells, failing: Collection[int], inputs: CallInputs) -> None:
        """Take the descriptions."""
        super().__init__(cells, failing)
        self._inputs = inputs

    def read(self, address: int, length: int) -> bytes:
        """Return bytes, or a description."""
        if length != APP_DESC_SIZE:
            return super().read(address, length)
        start = (address - APP_DESC_OFFSET) & MASK
        item = next(item for item in self._inputs.versions if item.offset == start)
        magic = APP_DESC_MAGIC if item.is_described else MASK
        return encode_app_desc(AppDesc(magic, item.version, "", "", "", "", ""))

    def returned(self, kind: DeedKind, address: int, data: bytes = b"", size: int = 0) -> None:
        """Note what is done; raises the error that the example has for it."""
        if self.fails(kind, address & MASK, data, size):
            raise OtaError(_AnyError(self._inputs.results[len(self.acts) - 1]))  # type: ignore[arg-type]  # any code


class _PlannedBurns(PlannedEfuse):
    """An eFuse whose burns fail with the errors of the example."""

    def __init__(self, version: int, flash: _DescribedFlash) -> None:
        """Hold a version."""
        super().__init__(version, flash)
        self._described = flash

    def update_secure_version(self, secure_version: int) -> None:
        """Note the burn."""
        self._described.returned(DeedKind.BURN, secure_version)


class _PlannedPartitions(EspPartitions):
    """Partitions on which operations are noted, and fail as planned."""

    def __init__(self, flash: _DescribedFlash, inputs: CallInputs, config: Config) -> None:
        """Take the table."""
        is_asked_there = inputs.session is not None and inputs.session.is_asked_there
        is_other = inputs.asked is not None and not inputs.asked.is_app
        others = inputs.otadata, inputs.asked if is_asked_there and is_other else None
        super().__init__(flash, (*filter(None, others), *inputs.apps), app_rules(config.app_release))
        self._planned = flash

    def erase_range(self, partition: Partition, offset: int, length: int) -> None:
        """Note the erase of a range."""
        self._planned.returned(DeedKind.ERASE, partition.offset + offset, size=length)

    def write(self, partition: Partition, offset: int, data: bytes) -> None:
        """Note a program."""
        self._planned.returned(DeedKind.PROGRAM, partition.offset + offset, data)


class _PlannedSelection(CountedSelection):
    """impl's calls, with images that pass their check or not as planned."""

    def __init__(self, flash: _DescribedFlash, inputs: CallInputs, config: Config) -> None:
        """Run from the partition of the example; where no call looks at it, there may be none."""
        efuse = _PlannedBurns(inputs.efuse_version, flash)
        running: Any = next((app for app in inputs.apps if app.subtype == inputs.running_subtype), None)
        partitions = _PlannedPartitions(flash, inputs, config)
        super().__init__(partitions, efuse, config, running, inputs.linked_version)
        self._planned = flash
        self._last_handle = inputs.session.last_handle if inputs.session else 0

    def _expect_bootloader(self, final: Partition, staging: Partition) -> None:
        if final.type == PartitionType.BOOTLOADER:
            self._planned.acts += (Act(DeedKind.PLACE, staging.offset, b"", fails=False),)

    def _is_image_valid(self, partition: Partition, is_bootloader: bool = False) -> bool:
        return not self._planned.fails(DeedKind.CHECK, partition.offset)
