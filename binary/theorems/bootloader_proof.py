"""The theorems of a bootloader: which there are, and with which builds they are tried."""

from collections.abc import Iterable

from ...model.config import Config, Release
from ..elf_file import BootloaderElf
from .expected_side import ProgramBuild
from .fallback_theorem import FALLBACK
from .proof import ProgramProof, Progress, prove_theorem
from .selection_theorem import SELECTION
from .theorem import Theorem
from .wake_theorem import FUNCTION as WAKE_FUNCTION
from .wake_theorem import WAKE

BOOTLOADER_BUILDS = tuple(
    ProgramBuild(release, rollback, anti_rollback).config
    for release in (Release.V5_1, Release.V5_5, Release.V6_1)
    for rollback, anti_rollback in ((True, False), (False, False), (True, True))
)
"""What is tried where nobody says how the file was built: 5.5 and 6.1 changed the loading of the partition table."""


def prove_bootloader(
    elf: BootloaderElf,
    configs: Iterable[Config] = BOOTLOADER_BUILDS,
    progress: Progress = lambda text: None,
    table: Theorem | None = None,
) -> ProgramProof:
    """Prove the theorems: the selection for one of the configurations, the others for those with its options.

    That of a wake-up from deep sleep is proved of a file that has the function.
    table: the loading of the partition table too, TABLE or what table_theorem.py makes of it. Raises InputError."""
    configs = tuple(configs)
    selection = prove_theorem(SELECTION, elf, configs, progress)
    options = selection.followed.config.rollback, selection.followed.config.anti_rollback
    same = tuple(config for config in configs if (config.rollback, config.anti_rollback) == options)
    others = (FALLBACK, *((WAKE,) if elf.has_code(WAKE_FUNCTION) else ()), *((table,) if table is not None else ()))
    return ProgramProof(elf, (selection, *(prove_theorem(theorem, elf, same, progress) for theorem in others)))
