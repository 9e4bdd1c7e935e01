"""With which options a bootloader was built is found out by trying; with anti-rollback, versions are proved too."""

from pathlib import Path

import pytest

pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

from build_firmware import CORES, IMAGES, Build, compile_firmware
from firmware_faults import FAULTS, Subject
from otaproof.binary.elf_file import read_bootloader_elf
from otaproof.binary.theorems.bootloader_proof import BOOTLOADER_BUILDS
from otaproof.binary.theorems.counterexample import TheoremCounterexample
from otaproof.binary.theorems.deeds import DeedKind
from otaproof.binary.theorems.fallback_inputs import FallbackInputs
from otaproof.binary.theorems.fallback_theorem import FALLBACK
from otaproof.binary.theorems.proof import ANTI_ROLLBACK, prove_theorem
from otaproof.binary.theorems.question import TheoremVerdict
from otaproof.binary.theorems.selection_inputs import SelectionInputs
from otaproof.binary.theorems.selection_theorem import SELECTION
from otaproof.binary.theorems.theorem import Theorem
from otaproof.model.config import Config

THEOREMS = {Subject.SELECTION: SELECTION, Subject.FALLBACK: FALLBACK}
QUICK_FAULTS = ("burned_half_word",)
VERSION_FAULTS = [name for name, fault in FAULTS.items() if "CONFIG_ANTI_ROLLBACK=1" in fault.options]

needs_riscv_compiler = pytest.mark.skipif(
    not CORES["riscv"].is_here, reason=f"{CORES['riscv'].compiler} is not installed"
)


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(
    ("option", "config"), [("rollback=0", Config()), ("anti_rollback=1", ANTI_ROLLBACK)], ids=["none", "anti-rollback"]
)
@pytest.mark.thorough
def test_selection_is_proved_for_the_options_of_the_build(core: str, option: str, config: Config) -> None:
    """Nobody says them."""
    found = prove_theorem(
        SELECTION, read_bootloader_elf(IMAGES / f"{core}-faithful-Os-{option}.elf"), BOOTLOADER_BUILDS
    )
    assert (TheoremVerdict.PROVED, config) == (found.verdict, found.followed.config)


@pytest.mark.parametrize("core", CORES)
@pytest.mark.thorough
def test_fallback_without_rollback_is_proved(core: str) -> None:
    """Rollback plays no part in it."""
    elf = read_bootloader_elf(IMAGES / f"{core}-faithful-Os-rollback=0.elf")
    assert TheoremVerdict.PROVED is prove_theorem(FALLBACK, elf, (Config(),)).verdict


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_fallback_with_anti_rollback_is_proved(core: str) -> None:
    """Images of too old a version are passed over, and the version is burned with the first record."""
    elf = read_bootloader_elf(IMAGES / f"{core}-faithful-Os-anti_rollback=1.elf")
    assert TheoremVerdict.PROVED is prove_theorem(FALLBACK, elf, (ANTI_ROLLBACK,)).verdict


@needs_riscv_compiler
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK_FAULTS else pytest.mark.slow) for name in VERSION_FAULTS]
)
@pytest.mark.thorough
def test_broken_anti_rollback_is_refuted_by_versions(name: str, tmp_path: Path) -> None:
    """impl does with them what its formula says, on simulated hardware; the code does something else."""
    fault = FAULTS[name]
    example = _example(THEOREMS[fault.subject], name, tmp_path)
    assert example.code != example.impl
    assert isinstance(example.inputs, SelectionInputs | FallbackInputs)
    assert example.inputs.versions


@needs_riscv_compiler
@pytest.mark.thorough
def test_burn_for_another_state_is_shown(tmp_path: Path) -> None:
    """Of a state whose low half alone is VALID: the code burns, impl does not."""
    example = _example(SELECTION, "burned_half_word", tmp_path)
    burned = [[act.kind for act in deed.acts].count(DeedKind.BURN) for deed in (example.code, example.impl)]
    assert [1, 0] == burned


def _example(theorem: Theorem, fault: str, folder: Path) -> TheoremCounterexample:
    build = Build("riscv", fault, options=("CONFIG_ANTI_ROLLBACK=1",))
    found = prove_theorem(theorem, read_bootloader_elf(compile_firmware(build, folder)), (ANTI_ROLLBACK,))
    assert TheoremVerdict.REFUTED is found.verdict, found.verdicts
    assert found.followed.example is not None
    return found.followed.example
