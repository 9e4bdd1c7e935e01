"""The machine code of the C core, for RISC-V: equal to the model's terms for all inputs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from selector_core import SOURCE
from selector_objects import RISCV, TARGET, compile_core, has_riscv_compiler

from otaproof.binary.by_turns.core_proof import SENTENCES, read_core
from otaproof.binary.by_turns.core_theorems import CoreTheorem, prove_core
from otaproof.binary.elf_file import BootloaderElf
from otaproof.binary.theorems.machine_setup import Semantics

FUNCTIONS = {
    *("obt_is_on_trial", "obt_image_state", "obt_boot", "obt_burns", "obt_slot_state", "obt_begin", "obt_write"),
    *("obt_set_boot", "obt_accept", "obt_way_back", "obt_refuse", "obt_forget_last", "obt_read", "obt_fill"),
    *("obt_decide", "obt_sector_to_write", "obt_next_seq", "obt_candidate", "obt_first", "obt_last_refused"),
    "obt_take_over",
}
pytestmark = pytest.mark.skipif(not has_riscv_compiler(), reason="there is no riscv64-unknown-elf-gcc here")


def compiled(folder: Path, level: str, text: str = "") -> BootloaderElf:
    """Return the core as a program; text: of the source, where it is another."""
    return read_core(compile_core(folder, level, text))


def theorems(elf: BootloaderElf, rollback: bool, slots: int, has_factory: bool) -> list[CoreTheorem]:
    """Return every theorem."""
    return [*prove_core(elf, rollback, slots, has_factory, Semantics.RV32)]


@pytest.mark.parametrize(
    ("rollback", "slots", "has_factory"),
    [
        (True, 2, False),
        pytest.param(True, 3, True, marks=pytest.mark.thorough),
        pytest.param(False, 2, False, marks=pytest.mark.thorough),
        pytest.param(False, 3, True, marks=pytest.mark.thorough),
    ],
)
def test_code_is_the_model(tmp_path: Path, rollback: bool, slots: int, has_factory: bool) -> None:
    """Optimised for size, as ESP-IDF builds a bootloader."""
    found = theorems(compiled(tmp_path, "-Os"), rollback, slots, has_factory)
    assert [(item.function, item.detail, item.example) for item in found if not item.is_proved] == []
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
    assert [(item.function, item.detail, item.example) for item in found if not item.is_proved] == []


MUTANTS = (
    ("obt_read", "(record->not_what == ~what)", "true"),
    ("obt_read", "(record->crc == crc) && (record->state", "(record->state"),
    ("obt_boot", "(back == OBT_NO_PLACE) ? tried : back", "tried"),
    ("obt_begin", "if (keeps_other(what) && (target == obt_other(what))) {", "if (false) {"),
    ("obt_write", "return is_named ? OBT_INVALID_STATE : OBT_OK;", "(void)is_named; return OBT_OK;"),
    ("obt_set_boot", "if (target == current) { return what; }", ""),
    ("obt_accept", "= unless(before_try(what), running);", "= before_try(what);"),
    ("obt_sector_to_write", "(turn->sector ^ 1U)", "turn->sector"),
    ("obt_next_seq", "uint32_t seq = above + 1U;", "uint32_t seq = above;"),
    ("obt_decide", "(records[0].seq < records[1].seq)", "false"),
    ("obt_candidate", "if (number == 1U) { return other; }", ""),
    ("obt_take_over", "(records[active ^ 1U].state == OBT_IMG_PENDING_VERIFY)", "false"),
    ("obt_take_over", "((kind == OBT_TRIED) && !is_alone) ? (active ^ 1U) : active", "active"),
    ("obt_take_over", "unless(back, place)", "back"),
    ("obt_take_over", "(record->seq != UINT32_MAX) && !is_refused", "!is_refused"),
    ("obt_take_over", "!is_refused && (record->crc == crc)", "!is_refused"),
    ("obt_last_refused", "{\n    return (obt_kind(what) == OBT_TRIED)", "{\n    return (obt_kind(what) != OBT_NEW)"),
    (
        "obt_first",
        "return state_of(OBT_VALID, place, OBT_NO_PLACE);",
        "return state_of(OBT_SELECTED, place, OBT_NO_PLACE);",
    ),
    ("obt_slot_state", "if (kind == OBT_TRIED) { return OBT_IMG_ABORTED; }", "(void)kind;"),
)
"""By function, what is wrong: a text of the source, and what stands there instead."""


@pytest.mark.thorough
@pytest.mark.parametrize(("function", "old", "new"), MUTANTS, ids=[f"{name}-{old[:20]}" for name, old, _ in MUTANTS])
def test_mutant_is_not_the_model(tmp_path: Path, function: str, old: str, new: str) -> None:
    """A core with one thing wrong has an input for which it differs, and the example names it."""
    text = SOURCE.read_text()
    assert text.count(old) == 1
    found = theorems(compiled(tmp_path, "-Os", text.replace(old, new)), True, 3, True)
    assert function in {item.function for item in found if item.example}


def prove(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `otaproof binary prove`."""
    command = [sys.executable, "-m", "otaproof", "binary", "prove", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.thorough
def test_the_command_proves_an_object(tmp_path: Path) -> None:
    """With and without rollback, by both semantics, and both solvers agree."""
    done = prove(compile_core(tmp_path, "-Os"), "--core", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["verdict"], told["absent"]) == (0, "proved", [])
    assert [(build["rollback"], build["slots"], build["factory"]) for build in told["builds"]] == [
        (True, 2, False),
        (False, 2, False),
    ]
    for build in told["builds"]:
        assert {item["name"] for item in build["functions"]} == FUNCTIONS == set(SENTENCES)
        assert {item["detail"] for item in build["functions"]} == {"z3 and bitwuzla"}
        assert all(set(item["paths"]) == {"pcode", "rv32"} for item in build["functions"])


@pytest.mark.thorough
def test_the_command_refutes_with_an_example(tmp_path: Path) -> None:
    """And says so of the function that differs alone."""
    text = SOURCE.read_text().replace("(back == OBT_NO_PLACE) ? tried : back, tried", "tried, tried")
    done = prove(compile_core(tmp_path, "-Os", text), "--core", "--rollback")
    refuted = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  refuted")]
    assert (done.returncode, refuted) == (1, ["obt_boot:"])
    assert "differs for " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("refuted: 1 of 21 functions")


def test_the_command_takes_a_linked_program(tmp_path: Path) -> None:
    """In which only what is called is left: of the rest it says nothing."""
    program, script = tmp_path / "core.elf", tmp_path / "start.c"
    script.write_text("unsigned obt_write(unsigned, unsigned); unsigned _start(void) { return obt_write(3, 2); }\n")
    linking = ["-nostdlib", "-ffunction-sections", "-Wl,--gc-sections", "-Os", f"-I{SOURCE.parent}"]
    command = [RISCV, *TARGET, *linking, str(script), str(SOURCE), "-o", str(program)]
    subprocess.run(command, check=True, capture_output=True)
    done = prove(program, "--core", "--rollback", "--json")
    told = json.loads(done.stdout)
    assert [item["name"] for item in told["builds"][0]["functions"]] == ["obt_write"]
    assert set(told["absent"]) == FUNCTIONS - {"obt_write"}
    assert done.returncode == 0


@pytest.mark.thorough
def test_the_command_writes_its_questions(tmp_path: Path) -> None:
    """One for each theorem and semantics."""
    assert prove(compile_core(tmp_path, "-Os"), "--core", "--rollback", "--smt2", tmp_path / "asked").returncode == 0
    assert len(list((tmp_path / "asked").glob("*.smt2"))) == 2 * (len(FUNCTIONS) + 1)


REFUSALS = (
    (("--slots", "17", "--core"), "--slots"),
    (("--slots", "3"), "--slots and --factory need --core"),
    (("--core", "--table"), "--table does not go with --core"),
    (("--core", "--idf", "5.1"), "--idf does not go with --core"),
    (("--core", "--anti-rollback"), "--[no-]anti-rollback does not go with --core"),
)


@pytest.mark.parametrize(("options", "told"), REFUSALS, ids=[" ".join(options) for options, _ in REFUSALS])
def test_the_command_refuses_in_a_line(options: tuple[str, ...], told: str, tmp_path: Path) -> None:
    """With exit code 2."""
    done = prove(compile_core(tmp_path, "-Os"), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_file_without_the_core_is_bad_input(tmp_path: Path) -> None:
    """And so is one that is no ELF file."""
    other, built = tmp_path / "other.c", tmp_path / "other.o"
    other.write_text("int answer(void) { return 42; }\n")
    subprocess.run([RISCV, *TARGET, "-c", str(other), "-o", str(built)], check=True)
    for file, told in ((built, "no function obt_"), (other, "no ELF file")):
        done = prove(file, "--core")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert told in done.stderr
