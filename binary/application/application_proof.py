"""The theorems of an application: those whose function it has, and with which builds they are tried."""

from collections.abc import Iterable, Iterator

from ...model.config import Config, Release
from ..elf_file import BootloaderElf
from ..theorems.expected_side import ProgramBuild
from ..theorems.proof import ProgramProof, Progress, prove_theorem
from ..theorems.theorem import Theorem
from .call_theorems import CALL_THEOREMS

APPLICATION_BUILDS = (
    *(ProgramBuild(release, rollback).config for release in (Release.V5_1, Release.V6_0) for rollback in (True, False)),
    *(ProgramBuild(release, True, True).config for release in (Release.V5_1, Release.V6_0, Release.V4_4)),
)
"""What is tried where nobody says how the file was built: 6.0 changed esp_ota_set_boot_partition, 5.1 the version that
esp_ota_mark_app_valid_cancel_rollback burns."""


def prove_application(
    elf: BootloaderElf, configs: Iterable[Config] = APPLICATION_BUILDS, progress: Progress = lambda text: None
) -> ProgramProof:
    """Prove every function of CALL_THEOREMS that the file has code of, for all of the builds. Raises InputError."""
    asked = tuple(configs)
    proofs = (prove_theorem(theorem, elf, asked, progress, is_exhaustive=True) for theorem in theorems_in(elf))
    return ProgramProof(elf, tuple(proofs))


def theorems_in(elf: BootloaderElf) -> Iterator[Theorem]:
    """Yield the theorems whose function has code in the file."""
    return (theorem for theorem in CALL_THEOREMS if elf.has_code(theorem.name))
