"""What is proved of a bootloader's machine code: the right one is proved, each broken one refuted by an example."""

import zlib
from pathlib import Path

import pytest

pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

import z3

from build_firmware import CORES, IMAGES, Build, compile_firmware
from firmware_faults import FAULTS, Subject
from otaproof.binary.elf_file import read_bootloader_elf
from otaproof.binary.execution.machine_state import ExecutionStopped
from otaproof.binary.theorems.fallback_theorem import FALLBACK
from otaproof.binary.theorems.machine_setup import Semantics
from otaproof.binary.theorems.proof import ANTI_ROLLBACK, TheoremProof, expected, prove_theorem
from otaproof.binary.theorems.question import TheoremVerdict
from otaproof.binary.theorems.selection_inputs import SelectionInputs, given_of_selection
from otaproof.binary.theorems.selection_theorem import FUNCTION, SELECTION, explore_selection
from otaproof.binary.theorems.theorem import Theorem
from otaproof.model.config import Config, Release

QUICK_FAULTS = ("fallback_upwards", "fallback_skips_factory", "first_record_number")
ROLLBACK = Config(rollback=True)
FAITHFUL = ["riscv-faithful-Os", "xtensa-faithful-Os"]


def selection_of(name: str, config: Config = ROLLBACK) -> TheoremProof:
    """Return what is known of the selection in an ELF of ours."""
    return prove_theorem(SELECTION, read_bootloader_elf(IMAGES / f"{name}.elf"), (config,))


@pytest.mark.parametrize("name", FAITHFUL)
@pytest.mark.thorough
def test_selection_of_the_right_code_is_proved(name: str) -> None:
    """By every semantics, for every release."""
    found = selection_of(name)
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts
    assert set(Release) == {build.release for build in found.builds}


@pytest.mark.parametrize("name", FAITHFUL)
@pytest.mark.thorough
def test_fallback_of_the_right_code_is_proved(name: str) -> None:
    """With up to four slots."""
    found = prove_theorem(FALLBACK, read_bootloader_elf(IMAGES / f"{name}.elf"), (ROLLBACK,))
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts


@pytest.mark.parametrize("name", ["riscv-new_half_word-Os", "riscv-signed_numbers-Os", "xtensa-abort_as_invalid-Os"])
@pytest.mark.thorough
def test_broken_selection_is_refuted_by_records(name: str) -> None:
    """The code differs from impl for them; whether a check word in them is right is told by the true CRC-32."""
    example = selection_of(name).followed.example
    assert example is not None
    assert example.code != example.impl
    assert isinstance(example.inputs, SelectionInputs)
    assert [32, 32] == list(map(len, example.inputs.records))


@pytest.mark.skipif(not CORES["riscv"].is_here, reason=f"{CORES['riscv'].compiler} is not installed")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(name, marks=() if name in QUICK_FAULTS else pytest.mark.slow)
        for name, fault in FAULTS.items()
        if fault.subject is Subject.FALLBACK and not fault.options
    ],
)
@pytest.mark.thorough
def test_broken_fallback_is_refuted_by_an_example(fault: str, tmp_path: Path) -> None:
    """An order, an image or a first record that is not impl's."""
    elf = read_bootloader_elf(compile_firmware(Build("riscv", fault), tmp_path))
    found = prove_theorem(FALLBACK, elf, (ROLLBACK,))
    assert TheoremVerdict.REFUTED is found.verdict, found.verdicts
    assert found.followed.example is not None
    assert found.followed.example.code != found.followed.example.impl


@pytest.mark.thorough
def test_half_word_example_needs_a_right_check_word() -> None:
    """Of a state whose low half alone is NEW, in a record that decides."""
    example = selection_of("riscv-new_half_word-Os").followed.example
    assert example is not None
    assert isinstance(example.inputs, SelectionInputs)
    right = [r for r in example.inputs.records if int.from_bytes(r[28:], "little") == zlib.crc32(r[:4], 0xFFFFFFFF)]
    states = [int.from_bytes(record[24:28], "little") for record in right]
    assert any(state and not state & 0xFFFF for state in states)


def test_code_with_rollback_is_refuted_without() -> None:
    """The options are told apart."""
    assert TheoremVerdict.REFUTED is selection_of("xtensa-faithful-Os", Config()).verdict


def test_code_that_cannot_be_followed_is_undecided() -> None:
    """An ebreak at the entry is no proof of anything."""
    elf = read_bootloader_elf(IMAGES / "riscv-faithful-Os.elf")
    broken = elf.patched({elf.function(FUNCTION).address: b"\x02\x90"})
    with pytest.raises(ExecutionStopped):
        explore_selection(broken, Semantics.RV32, given_of_selection(ROLLBACK))
    assert TheoremVerdict.UNDECIDED is prove_theorem(SELECTION, broken, (ROLLBACK,)).verdict


@pytest.mark.parametrize("config", [ROLLBACK, ANTI_ROLLBACK], ids=["rollback", "anti-rollback"])
@pytest.mark.parametrize("theorem", [SELECTION, FALLBACK], ids=lambda theorem: theorem.name)
def test_premises_can_be_met(theorem: Theorem, config: Config) -> None:
    """Else nothing would be claimed."""
    solver = z3.Solver()
    solver.add(*theorem.given(config))
    assert z3.sat == solver.check()


@pytest.mark.parametrize("config", [ROLLBACK, Config(), ANTI_ROLLBACK], ids=["rollback", "none", "anti-rollback"])
def test_paths_of_impl_leave_nothing_out(config: Config) -> None:
    """Under the premises, one of them is always taken."""
    solver = z3.Solver()
    solver.add(*given_of_selection(config), *(z3.Not(o.condition) for o in expected(SELECTION, config).outcomes))
    assert z3.unsat == solver.check()
