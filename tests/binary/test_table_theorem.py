"""The theorem of the partition table: the right code is proved, each broken one refuted by a table."""

from pathlib import Path

import pytest

pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

import z3

from build_firmware import CORES, IMAGES, Build, compile_firmware
from firmware_faults import FAULTS, Subject
from otaproof.binary.elf_file import BootloaderElf, read_bootloader_elf
from otaproof.binary.theorems.bootloader_proof import BOOTLOADER_BUILDS
from otaproof.binary.theorems.expected_table import expected_table
from otaproof.binary.theorems.proof import TheoremProof, prove_theorem
from otaproof.binary.theorems.question import TheoremVerdict
from otaproof.binary.theorems.table_inputs import MOST_ROWS, TableInputs
from otaproof.binary.theorems.table_theorem import TABLE, table_at
from otaproof.impl.partitions.table import ROW_SIZE
from otaproof.model.config import Config, Release

IDF_5_1 = Config(rollback=True, bootloader_release=Release.V5_1)
QUICK_FAULTS = ("md5_ignored", "slot_by_order", "subtype_noted")

needs_riscv_compiler = pytest.mark.skipif(
    not CORES["riscv"].is_here, reason=f"{CORES['riscv'].compiler} is not installed"
)


def proof_of(elf: BootloaderElf, config: Config = IDF_5_1) -> TheoremProof:
    """Return what is known of an ELF."""
    return prove_theorem(TABLE, elf, (config,))


def committed(name: str) -> BootloaderElf:
    """Return one of the committed ELFs."""
    return read_bootloader_elf(IMAGES / f"{name}.elf")


@pytest.mark.parametrize("name", ["riscv-faithful-Os", pytest.param("xtensa-faithful-Os", marks=pytest.mark.slow)])
@pytest.mark.thorough
def test_table_of_the_right_code_is_proved(name: str) -> None:
    """By every semantics, for the release whose rules it was written from."""
    found = proof_of(committed(name))
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts
    assert {Release.V4_4, Release.V5_1} == {build.release for build in found.builds}


@needs_riscv_compiler
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(name, marks=() if name in QUICK_FAULTS else pytest.mark.slow)
        for name, fault in FAULTS.items()
        if fault.subject is Subject.TABLE
    ],
)
@pytest.mark.thorough
def test_broken_table_code_is_refuted_by_a_table(fault: str, tmp_path: Path) -> None:
    """A table for which the code differs; impl was run on it."""
    found = proof_of(read_bootloader_elf(compile_firmware(Build("riscv", fault), tmp_path)))
    assert TheoremVerdict.REFUTED is found.verdict, found.verdicts
    example = found.followed.example
    assert example is not None
    assert isinstance(example.inputs, TableInputs)
    assert ROW_SIZE * (MOST_ROWS + 1) == len(example.inputs.rows)
    assert example.code != example.impl


@pytest.mark.thorough
def test_rules_of_a_later_release_are_told_apart() -> None:
    """From 6.1 on, offset and size are added without wrapping."""
    found = proof_of(committed("xtensa-faithful-Os"), Config(rollback=True, bootloader_release=Release.V6_1))
    assert TheoremVerdict.REFUTED is found.verdict, found.verdicts


@pytest.mark.slow
def test_table_at_another_offset_is_refuted() -> None:
    """The code reads the table where it was built to, which has to be where somebody says that it is."""
    found = prove_theorem(table_at(0x9000), committed("xtensa-faithful-Os"), (IDF_5_1,))
    assert TheoremVerdict.REFUTED is found.verdict, found.verdicts


@pytest.mark.slow
@needs_riscv_compiler
def test_where_the_table_is_read_is_told(tmp_path: Path) -> None:
    """Nobody says it; the code does."""
    elf = compile_firmware(Build("xtensa", options=("CONFIG_TABLE_OFFSET=0x10000",)), tmp_path)
    found = proof_of(read_bootloader_elf(elf))
    assert (TheoremVerdict.PROVED, 0x10000) == (found.verdict, found.followed.config.table_offset)


@pytest.mark.slow
@needs_riscv_compiler
@pytest.mark.parametrize(
    ("rules", "followed"),
    [("0x505", {Release.V5_5, Release.V6_0}), ("0x601", {Release.V6_1, Release.V6_2_DEV})],
)
def test_release_of_the_table_is_told_by_proof(rules: str, followed: set[Release], tmp_path: Path) -> None:
    """The rules of each release are tried; those before are refuted."""
    elf = compile_firmware(Build("xtensa", options=(f"CONFIG_TABLE_RULES={rules}",)), tmp_path)
    tried = [config for config in BOOTLOADER_BUILDS if config.rollback and not config.anti_rollback]
    found = prove_theorem(TABLE, read_bootloader_elf(elf), tuple(tried))
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts
    assert followed == {build.release for build in found.builds}


@pytest.mark.parametrize("release", [Release.V5_1, Release.V5_5, Release.V6_1])
def test_outcomes_of_impl_leave_no_table_out(release: Release) -> None:
    """One of them always comes about, and no two do."""
    outcomes = expected_table(Config(bootloader_release=release)).outcomes
    solver = z3.Solver()
    assert z3.unsat == solver.check(z3.Not(z3.Or(*(outcome.condition for outcome in outcomes))))
    assert z3.unsat == solver.check(z3.Not(z3.AtMost(*(outcome.condition for outcome in outcomes), 1)))
