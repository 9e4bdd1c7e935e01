"""The machine code of the C core, for RISC-V: equal to the model's terms for all inputs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from otaproof.binary.by_turns.core_theorems import CoreTheorem, prove_core, prove_order
from otaproof.binary.elf_file import BootloaderElf
from otaproof.binary.linking.object_linker import link_objects
from otaproof.binary.struct_layout import StructLayout
from otaproof.binary.theorems.machine_setup import Semantics
from places import ROOT

SOURCE = ROOT / "selector/otadata_by_turns.c"
COMPILER = shutil.which("riscv64-unknown-elf-gcc")
FUNCTIONS = {
    *("obt_is_on_trial", "obt_image_state", "obt_boot", "obt_burns", "obt_slot_state", "obt_begin", "obt_write"),
    *("obt_set_boot", "obt_accept", "obt_way_back", "obt_refuse", "obt_forget_last", "obt_read", "obt_fill"),
    *("obt_decide", "obt_sector_to_write", "obt_next_seq", "obt_candidate"),
}
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no riscv64-unknown-elf-gcc here")


def compiled(folder: Path, level: str, text: str = "") -> BootloaderElf:
    """Return the core as a program; text: of the source, where it is another."""
    source, program = folder / SOURCE.name, folder / "core.o"
    source.write_text(text or SOURCE.read_text())
    assert COMPILER is not None
    options = ["-march=rv32imc", "-mabi=ilp32", "-std=c11", "-ffreestanding", level, "-I", str(SOURCE.parent)]
    if level == "-flto":
        # What the linker makes of it, before anything else is linked.
        subprocess.run([COMPILER, *options, "-Os", "-c", str(source), "-o", str(folder / "core.lto.o")], check=True)
        linking = ["-nostdlib", "-r", "-flinker-output=nolto-rel", str(folder / "core.lto.o")]
        subprocess.run([COMPILER, *options, "-Os", *linking, "-o", str(program)], check=True)
    else:
        subprocess.run([COMPILER, *options, "-c", str(source), "-o", str(program)], check=True)
    return link_objects(program.read_bytes(), "core.o", StructLayout(0, {}))


def theorems(elf: BootloaderElf, rollback: bool, slots: int, has_factory: bool) -> list[CoreTheorem]:
    """Return every theorem."""
    given = (elf, rollback, slots, has_factory, Semantics.RV32)
    return [*prove_core(*given), *prove_order(*given)]


@pytest.mark.parametrize("rollback", [True, False], ids=("rollback", "plain"))
@pytest.mark.parametrize(("slots", "has_factory"), [(2, False), (3, True)])
def test_code_is_the_model(tmp_path: Path, rollback: bool, slots: int, has_factory: bool) -> None:
    """Optimised for size, as ESP-IDF builds a bootloader."""
    found = theorems(compiled(tmp_path, "-Os"), rollback, slots, has_factory)
    assert [(item.function, item.counterexample) for item in found if not item.is_proved] == []
    assert {item.function for item in found} == FUNCTIONS


@pytest.mark.thorough
@pytest.mark.parametrize("level", ["-O0", "-O2", "-flto"])
@pytest.mark.parametrize("rollback", [True, False], ids=("rollback", "plain"))
@pytest.mark.parametrize(("slots", "has_factory"), [(2, True), (16, True)])
def test_code_is_the_model_at_any_level(
    tmp_path: Path, level: str, rollback: bool, slots: int, has_factory: bool
) -> None:
    """Also with as many slots as there can be."""
    found = theorems(compiled(tmp_path, level), rollback, slots, has_factory)
    assert [(item.function, item.counterexample) for item in found if not item.is_proved] == []


MUTANTS = (
    ("obt_read", "(record->not_what == ~what)", "true"),
    ("obt_read", "(record->crc == crc)", "true"),
    ("obt_boot", "(back == OBT_NO_PLACE) ? tried : back", "tried"),
    ("obt_begin", "if (keeps_other(what) && (target == obt_other(what))) {", "if (false) {"),
    ("obt_write", "return is_named ? OBT_INVALID_STATE : OBT_OK;", "(void)is_named; return OBT_OK;"),
    ("obt_set_boot", "if (target == current) { return what; }", ""),
    ("obt_accept", "unless(back, running)", "back"),
    ("obt_sector_to_write", "(turn->sector ^ 1U)", "turn->sector"),
    ("obt_next_seq", "uint32_t seq = above + 1U;", "uint32_t seq = above;"),
    ("obt_decide", "(records[0].seq >= records[1].seq) ? 0U : 1U", "0U"),
    ("obt_candidate", "if (number == 1U) { return other; }", ""),
    ("obt_slot_state", "if (kind == OBT_TRIED) { return OBT_IMG_ABORTED; }", "(void)kind;"),
)
"""By function, what is wrong: a text of the source, and what stands there instead."""


@pytest.mark.parametrize(("function", "old", "new"), MUTANTS, ids=[f"{name}-{old[:20]}" for name, old, _ in MUTANTS])
def test_mutant_is_not_the_model(tmp_path: Path, function: str, old: str, new: str) -> None:
    """A core with one thing wrong has an input for which it differs, and the example names it."""
    text = SOURCE.read_text()
    assert text.count(old) == 1
    found = theorems(compiled(tmp_path, "-Os", text.replace(old, new)), True, 3, True)
    assert function in {item.function for item in found if item.counterexample}
