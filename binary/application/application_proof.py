"""The theorems of an application: those whose function it has, and with which builds they are tried."""

from collections.abc import Iterable, Iterator
from functools import partial

from ...model.config import Config, Release
from ..elf_file import BootloaderElf
from ..theorems.expected_side import ProgramBuild
from ..theorems.proof import ProgramProof, Progress
from ..theorems.theorem import Theorem
from ..theorems.theorem_tasks import TheoremTask, prove_tasks
from .call_theorems import CALL_THEOREMS

APPLICATION_BUILDS = (
    *(ProgramBuild(release, rollback).config for release in (Release.V5_1, Release.V6_0) for rollback in (True, False)),
    *(ProgramBuild(release, True, True).config for release in (Release.V5_1, Release.V6_0, Release.V4_4)),
)
"""What is tried where nobody says how the file was built: 6.0 changed esp_ota_set_boot_partition, 5.1 the version that
esp_ota_mark_app_valid_cancel_rollback burns."""


_BY_NAME = {theorem.name: theorem for theorem in CALL_THEOREMS}


def prove_application(
    elf: BootloaderElf,
    configs: Iterable[Config] = APPLICATION_BUILDS,
    progress: Progress = lambda text: None,
    jobs: int = 1,
) -> ProgramProof:
    """Prove every function of CALL_THEOREMS that the file has code of, for all of the builds. Raises InputError.

    jobs: how many processes."""
    asked = tuple(configs)
    tasks = [TheoremTask(partial(_named, theorem.name), asked, is_exhaustive=True) for theorem in theorems_in(elf)]
    return ProgramProof(elf, prove_tasks(elf, tasks, jobs, progress))


def _named(name: str) -> Theorem:
    return _BY_NAME[name]


def theorems_in(elf: BootloaderElf) -> Iterator[Theorem]:
    """Yield the theorems whose function has code in the file."""
    return (theorem for theorem in CALL_THEOREMS if elf.has_code(theorem.name))
