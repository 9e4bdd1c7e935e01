"""impl's call made with the inputs of a counterexample, to check what a formula says."""

from collections.abc import Collection

from ...impl.app.esp_partition import EspPartitions
from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.efuse import Efuse
from ...impl.esp_err import OtaError
from ...impl.partitions.partition import AppSubtype, Partition
from ...impl.program_end import Panic, Restart
from ...impl.release_rules import app_rules
from ...model.config import Config
from ..theorems.deeds import Deed, DeedKind
from ..theorems.planned_hardware import PlannedFlash, app_at, cells_with
from .call_inputs import CallInputs
from .call_outcome import CallEnd
from .expected_call import CallReturn, CountedSelection, ImplCall


def played_call(run: ImplCall, inputs: CallInputs, failing: Collection[int], config: Config) -> Deed:
    """Return what impl's call checks, writes and returns; failing: numbers of what does not pass, from 0."""
    start = inputs.otadata.offset if inputs.otadata else 0
    cells = cells_with((), start)
    for number, record in enumerate(inputs.records):
        cells = cells.with_bytes(start + SECTOR_SIZE * number, record)
    flash = PlannedFlash(cells, failing)
    end, returned = _ended(run, _PlannedSelection(flash, inputs, config), _PlannedArguments(inputs))
    state = inputs.state_before if returned.state is None else returned.state
    words = (returned.code, state) if end is CallEnd.RETURNS else (0, 0)
    return Deed(end, noted=False, acts=flash.acts, words=words)


def _ended(run: ImplCall, ota: "_PlannedSelection", arguments: "_PlannedArguments") -> tuple[CallEnd, CallReturn]:
    try:
        return CallEnd.RETURNS, run(ota, arguments) or CallReturn()
    except _OperationFailed as error:
        return CallEnd.RETURNS, CallReturn(error.result)
    except OtaError as error:
        return CallEnd.RETURNS, CallReturn(int(error.code))
    except Restart:
        return CallEnd.RESTARTS, CallReturn()
    except Panic:
        return CallEnd.PANICS, CallReturn()


class _OperationFailed(Exception):
    """An operation returns an error, of any number."""

    def __init__(self, result: int) -> None:
        """Carry the number."""
        super().__init__(result)
        self.result = result


class _PlannedArguments:
    """The arguments of the example."""

    def __init__(self, inputs: CallInputs) -> None:
        """Take them."""
        self.partition = inputs.asked
        self.wants_state = inputs.wants_state


class _PlannedPartitions(EspPartitions):
    """Partitions on which operations are noted, and fail as planned."""

    def __init__(self, flash: PlannedFlash, inputs: CallInputs, config: Config) -> None:
        """Take the table."""
        otadata = (inputs.otadata,) if inputs.otadata else ()
        super().__init__(flash, (*otadata, *inputs.apps), app_rules(config.app_release))
        self._planned = flash
        self._results = inputs.results

    def erase_range(self, partition: Partition, offset: int, length: int) -> None:
        """Note the erase of a range."""
        self._end(DeedKind.ERASE, partition.offset + offset, size=length)

    def write(self, partition: Partition, offset: int, data: bytes) -> None:
        """Note a program."""
        self._end(DeedKind.PROGRAM, partition.offset + offset, data)

    def _end(self, kind: DeedKind, address: int, data: bytes = b"", size: int = 0) -> None:
        if self._planned.fails(kind, address & 0xFFFFFFFF, data, size):
            raise _OperationFailed(self._results[len(self._planned.acts) - 1])


class _PlannedSelection(CountedSelection):
    """impl's calls, with images that pass their check or not as planned."""

    def __init__(self, flash: PlannedFlash, inputs: CallInputs, config: Config) -> None:
        """Run from ota_0, wherever it is."""
        running = app_at(AppSubtype.OTA_0, 0, 0)
        efuse = Efuse(0, config.secure_version_bits)
        super().__init__(_PlannedPartitions(flash, inputs, config), efuse, config, running, 0)
        self._planned = flash

    def _is_image_valid(self, partition: Partition, is_bootloader: bool = False) -> bool:
        return not self._planned.fails(DeedKind.CHECK, partition.offset)
