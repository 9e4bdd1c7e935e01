"""One selection of a bootloader, run to see how it was built: does it start an image under test once more?"""

from ...errors import InputError
from ...impl.chip.flash import NorFlash
from ...impl.otadata import ota_select_crc
from ...model.config import Config
from ...model.ota_state import OtaImgState
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped
from .core import CoreFault
from .otadata_pairs import OtadataPair, make_record
from .program import BootloaderProgram
from .run_outcome import ChipMemory
from .selection_bench import SelectionBench

_PAIR = OtadataPair(
    (
        make_record(1, OtaImgState.VALID, ota_select_crc(1)),
        make_record(2, OtaImgState.PENDING_VERIFY, ota_select_crc(2)),
    ),
    app_count=2,
    has_factory=False,
)
"""The second slot is under test."""
_STARTS = {"selects slot 0": False, "selects slot 1": True}


def selects_image_under_test(elf: BootloaderElf) -> bool | None:
    """Tell whether a bootloader selects the slot of an image that was started and not accepted.

    None where its selection is not found, or cannot be run."""
    try:
        program = BootloaderProgram(elf)
        bench = SelectionBench(program, Config(chip=program.chip))
        chip = ChipMemory(NorFlash(bench.cells(_PAIR)), bench.efuse(_PAIR))
        outcome = bench.emulate(_PAIR, chip)
    except (InputError, ExecutionStopped, CoreFault):
        return None
    # With rollback it writes that the entry is ABORTED; without, nothing. Anything else is not understood.
    starts = _STARTS.get(outcome.ending)
    return starts if starts is not None and starts == (not outcome.ops) else None
