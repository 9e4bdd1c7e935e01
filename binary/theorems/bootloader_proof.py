"""The theorems of a bootloader: which there are, and with which builds they are tried."""

from collections.abc import Callable, Iterable
from functools import partial

from ...model.config import Config, Release
from ..elf_file import BootloaderElf
from .expected_side import ProgramBuild
from .fallback_theorem import FALLBACK
from .proof import ProgramProof, Progress
from .selection_theorem import SELECTION
from .theorem import Theorem
from .theorem_tasks import TheoremTask, prove_tasks, undecided
from .wake_theorem import FUNCTION as WAKE_FUNCTION
from .wake_theorem import WAKE

BOOTLOADER_BUILDS = tuple(
    ProgramBuild(release, rollback, anti_rollback).config
    for release in (Release.V5_1, Release.V5_5, Release.V6_1)
    for rollback, anti_rollback in ((True, False), (False, False), (True, True))
)
"""What is tried where nobody says how the file was built: 5.5 and 6.1 changed the loading of the partition table."""


_BY_NAME = {theorem.name: theorem for theorem in (SELECTION, FALLBACK, WAKE)}


def prove_bootloader(
    elf: BootloaderElf,
    configs: Iterable[Config] = BOOTLOADER_BUILDS,
    progress: Progress = lambda text: None,
    table: Callable[[], Theorem] | None = None,
    jobs: int = 1,
) -> ProgramProof:
    """Prove the theorems: the selection for one of the configurations, the others for those with its options.

    That of a wake-up from deep sleep is proved of a file that has the function.
    table: return the theorem of the partition table, which is proved too; see table_at. jobs: how many processes.
    Raises InputError."""
    configs = tuple(configs)
    names = [FALLBACK.name, *([WAKE.name] if elf.has_code(WAKE_FUNCTION) else [])]
    finders: list[Callable[[], Theorem]] = [
        *(partial(_named, name) for name in names),
        *([table] if table is not None else []),
    ]

    def others(options: tuple[bool, bool]) -> list[TheoremTask]:
        return [TheoremTask(find, tuple(item for item in configs if _options(item) == options)) for find in finders]

    first = TheoremTask(partial(_named, SELECTION.name), configs)
    # With several processes the others do not wait for what the selection tells of the options.
    likely = _options(configs[0])
    selection, *proofs = prove_tasks(elf, [first, *(others(likely) if jobs > 1 else ())], jobs, progress)
    told = _options(selection.followed.config)
    if jobs == 1 or told != likely:
        ended_by = next((proof.ended_by for proof in (selection, *proofs) if proof.ended_by), "")
        tasks = others(told)
        proofs = [*(undecided(tasks, ended_by) if ended_by else prove_tasks(elf, tasks, jobs, progress))]
    return ProgramProof(elf, (selection, *proofs))


def _options(config: Config) -> tuple[bool, bool]:
    return config.rollback, config.anti_rollback


def _named(name: str) -> Theorem:
    return _BY_NAME[name]
