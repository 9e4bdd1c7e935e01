"""Bootloaders of our own, right and broken, run in the emulator beside impl's."""

import json
import struct
from itertools import islice
from pathlib import Path

import pytest

from build_firmware import CORES, IMAGES, Build, compile_firmware

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from otaproof.binary.elf_file import BootloaderElf, read_bootloader_elf
from otaproof.binary.emulator import rv32_stubs
from otaproof.binary.emulator.boot_bench import BootBench
from otaproof.binary.emulator.boot_cases import TABLES, BootCase, boot_cases, has_slots
from otaproof.binary.emulator.comparison import UNDISTURBED, compare, failing_operations, power_cuts, simplest
from otaproof.binary.emulator.core import CoreFault
from otaproof.binary.emulator.otadata_pairs import BLANK_RECORD, OtadataPair, classes, make_record, writing_pairs
from otaproof.binary.emulator.program import BootloaderProgram
from otaproof.binary.emulator.run_outcome import PANIC
from otaproof.binary.emulator.selection_bench import SelectionBench
from otaproof.binary.emulator.trials import TrialPlan, fitting_config, trials
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.impl.otadata import ota_select_crc
from otaproof.model.config import Chip, Config
from otaproof.model.fault_model import FaultModel
from otaproof.model.ota_state import OtaImgState

CONFIG = Config(rollback=True, chip=Chip.ESP32C3)
FAITHFUL = IMAGES / "riscv-faithful-Os.elf"
HALF_WORD = IMAGES / "riscv-new_half_word-Os.elf"
SELECT = "bootloader_utility_get_selected_boot_partition"
PLAIN = 61_740
"""Classes without states that differ from a real one in a byte or half word."""
QUICK = TrialPlan(pairs=500, faults=FaultModel.F0, every=97)
NEW = OtadataPair((make_record(1, OtaImgState.NEW, ota_select_crc(1)), BLANK_RECORD), 2, False)


def bench_of(elf: BootloaderElf, config: Config = CONFIG) -> SelectionBench:
    """Return both selections."""
    return SelectionBench(BootloaderProgram(elf), config)


def faithful_with(code: str) -> BootloaderElf:
    """Return the right bootloader with other machine code, in hex, where the selection begins."""
    elf = read_bootloader_elf(FAITHFUL)
    return elf.patched({elf.function(SELECT).address: bytes.fromhex(code)})


@pytest.fixture(scope="module")
def faithful() -> SelectionBench:
    """Both selections, of the right bootloader."""
    return bench_of(read_bootloader_elf(FAITHFUL))


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("option", ["", "-rollback=0", "-anti_rollback=1"])
def test_right_bootloader_differs_in_no_run(core: str, option: str) -> None:
    """A part of every phase; it is found out how it was built."""
    program = BootloaderProgram(read_bootloader_elf(IMAGES / f"{core}-faithful-Os{option}.elf"))
    config = fitting_config(program, Config(chip=program.chip))
    assert (option != "-rollback=0", option == "-anti_rollback=1") == (config.rollback, config.anti_rollback)
    phases = list(trials(program, config, QUICK))
    assert [] == [phase for phase in phases if phase.differing or phase.fault]
    empty = {phase.name for phase in phases if not phase.runs}
    # Without rollback a selection writes nothing.
    assert empty == (set() if config.rollback else {phase.name for phase in phases if "selection" in phase.name})


def test_every_power_cut_in_an_abort_leaves_what_impl_leaves(faithful: SelectionBench) -> None:
    """Under F3, and the boot after it."""
    state = OtaImgState.PENDING_VERIFY
    pair = OtadataPair((make_record(1, state, ota_select_crc(1)), make_record(2, state, ota_select_crc(2))), 2, False)
    cuts = list(power_cuts(faithful, pair, FaultModel.F3, 0))
    assert {0, 1, 2, 3} == {cut.cut.op for cut in cuts if cut.cut is not None}
    assert [] == [cut for cut in cuts[::11] if compare(faithful, pair, cut) is not None]


def test_failing_operations_of_whole_boots_end_as_in_impl() -> None:
    """Also where the first record of a device is written."""
    bench = BootBench(BootloaderProgram(read_bootloader_elf(FAITHFUL)), CONFIG)
    case = BootCase(TABLES["two slots"], "", (0,), (BLANK_RECORD, BLANK_RECORD))
    failures = list(failing_operations(bench, case))
    assert 9 == len(failures)
    assert [] == [failure for failure in failures if compare(bench, case, failure) is not None]


def test_rollback_off_does_not_fit_the_right_bootloader(faithful: SelectionBench) -> None:
    """The comparison can fail by the other side too."""
    found = compare(bench_of(read_bootloader_elf(FAITHFUL), Config(rollback=False)), NEW)
    assert found is not None
    assert ("erases 0x1000", "no further flash operation, selects slot 0") == (found.emulated, found.simulated)


def test_remainder_by_no_slots_is_a_panic_where_the_processor_traps_it() -> None:
    """With anti-rollback and no slot: Xtensa panics, RISC-V goes on with the dividend; as impl has it for each chip."""
    case = next(case for case in boot_cases() if not has_slots(case) and case.records[0] != BLANK_RECORD)
    found = {}
    for core in CORES:
        program = BootloaderProgram(read_bootloader_elf(IMAGES / f"{core}-faithful-Os-anti_rollback=1.elf"))
        bench = BootBench(program, Config(rollback=True, anti_rollback=True, chip=program.chip))
        assert compare(bench, case) is None
        found[core] = bench.simulate(case, bench.chip(case, UNDISTURBED)).ending
    assert PANIC == found["xtensa"]
    assert PANIC != found["riscv"]


def test_wrong_state_of_an_xtensa_bootloader_is_found() -> None:
    """PENDING_VERIFY becomes INVALID: told by the word that is left, 3 in place of 4."""
    bench = bench_of(read_bootloader_elf(IMAGES / "xtensa-abort_as_invalid-Os.elf"))
    pair = OtadataPair((make_record(1, OtaImgState.PENDING_VERIFY, ota_select_crc(1)), BLANK_RECORD), 2, False)
    found = compare(bench, pair)
    assert found is not None
    assert found.emulated == "programs 32 bytes at 0x1000, which leaves 03000000 at 0x1018"
    assert found.simulated == "programs 32 bytes at 0x1000, which leaves 04000000 at 0x1018"


def test_half_word_load_is_found_and_made_simple() -> None:
    """The classes have a state whose low half is NEW; of the pair nothing else is left."""
    bench = bench_of(read_bootloader_elf(HALF_WORD))
    compared = (compare(bench, pair) for pair in islice(classes(), PLAIN, None))
    found = next(filter(None, compared))
    small = simplest(bench, found).case
    assert OtadataPair((make_record(1, 0x10000, ota_select_crc(1)), BLANK_RECORD), 1, False) == small


def test_signed_comparison_is_found() -> None:
    """Where the numbers are 0x7FFFFFFF and 0x80000000."""
    bench = bench_of(read_bootloader_elf(IMAGES / "riscv-signed_numbers-Os.elf"))
    records = (
        make_record(0x7FFFFFFF, 2, ota_select_crc(0x7FFFFFFF)),
        make_record(0x80000000, 2, ota_select_crc(1 << 31)),
    )
    assert compare(bench, OtadataPair(records, 2, False)) is not None


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("03250000", "reads 4 bytes at 0x00000000, where nothing is mapped, in bootloader_utility_get_sel"),
        ("2320a000", "writes 4 bytes at 0x00000000, where nothing is mapped, in bootloader_utility_get_sel"),
        ("67000000", "jumps to 0x00000000, where no code is and no stand-in, last call from"),
        ("00000000", "no code is"),
        ("ffffffff", "Unhandled CPU exception"),
    ],
)
def test_what_has_no_meaning_is_told(code: str, told: str) -> None:
    """It is never taken for a result: lw, sw and jump at address 0, zeros, an instruction that there is not."""
    with pytest.raises(CoreFault) as caught:
        compare(bench_of(faithful_with(code)), NEW)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("6f000000", "does not return in 200,000 instructions: bootloader_utility_get_selected_boot_partition"),
        ("13040000678000008280", "returns with sp or a saved register changed"),
    ],
)
def test_what_no_function_may_do_differs(code: str, told: str) -> None:
    """A loop without end, and a return with s0 changed."""
    found = compare(bench_of(faithful_with(code)), NEW)
    assert found is not None
    assert told in found.emulated


def test_loop_of_calls_that_are_stood_in_for_ends() -> None:
    """Each takes far longer than an instruction, so they have a limit of their own."""
    elf = read_bootloader_elf(FAITHFUL)
    called = elf.find("esp_flash_encryption_enabled")
    assert called is not None
    # lui t0; jalr ra, t0.
    call = struct.pack("<II", called.address & ~0xFFF | 5 << 7 | 0x37, (called.address & 0xFFF) << 20 | 0x280E7)
    found = compare(bench_of(faithful_with((call + rv32_stubs.jump(-8)).hex())), NEW)
    assert found is not None
    assert "does not return after 2,000 calls of functions that are stood in for" in found.emulated


def test_function_that_cannot_be_run_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, and what it did; no difference is claimed."""
    monkeypatch.setattr("otaproof.binary.recovery.program_file.read_program", lambda path: faithful_with("67000000"))
    line = ["binary", "run", str(FAITHFUL), "--rollback", "--every", "5000", "--pairs", "1"]
    assert ExitCode.INCONCLUSIVE == main(line)
    told = " ".join(capsys.readouterr().out.split())
    assert "the program jumps to 0x00000000, where no code is and no stand-in" in told
    assert "inconclusive: no difference found, but not all could be run" in told


def test_difference_is_printed_and_its_token_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    """On the right bootloader the same token shows no difference."""
    line = ["binary", "run", str(HALF_WORD), "--rollback", "--every", "13", "--pairs", "0", "--faults", "F0"]
    assert ExitCode.VIOLATED == main([*line, "--json"])
    phase = json.loads(capsys.readouterr().out)["phases"][0]
    token = phase["difference"]["token"]
    assert ExitCode.VIOLATED == main(["replay", token, "--bootloader", str(HALF_WORD)])
    assert "code: erases 0x1000" in capsys.readouterr().out
    assert ExitCode.HOLDS == main(["replay", token, "--bootloader", str(FAITHFUL)])
    assert "no difference: the program does as" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([str(FAITHFUL), "--anti-rollback", "--no-rollback"], "--anti-rollback: goes with rollback on"),
    ],
)
def test_bad_input_is_told_in_a_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, nothing on stdout."""
    assert ExitCode.BAD_INPUT == main(["binary", "run", *arguments])
    printed = capsys.readouterr()
    assert "" == printed.out
    assert told in printed.err
    assert 1 == printed.err.count("\n")


def test_cases_are_as_many_as_the_documents_say() -> None:
    """A change of their number is seen here."""
    assert (63_294, 294) == (sum(1 for _ in classes()), sum(1 for _ in writing_pairs()))
    assert 1_040 == sum(1 for _ in boot_cases())
    assert UNDISTURBED.cut is None


@pytest.mark.skipif(not CORES["riscv"].is_here, reason="no RISC-V compiler")
@pytest.mark.parametrize("options", [("CONFIG_ROLLBACK=0",), ("CONFIG_ANTI_ROLLBACK=1",)])
def test_options_of_a_build_are_found_out(options: tuple[str, ...], tmp_path: Path) -> None:
    """By the configuration that the program fits best."""
    elf = compile_firmware(Build("riscv", None, options=options), tmp_path)
    config = fitting_config(BootloaderProgram(read_bootloader_elf(elf)), Config(chip=Chip.ESP32C3))
    expected = ("CONFIG_ROLLBACK=0" not in options, "CONFIG_ANTI_ROLLBACK=1" in options)
    assert expected == (config.rollback, config.anti_rollback)
