"""What is proved of an application's machine code: the right one is proved, each broken one refuted."""

from functools import cache
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

import re

import z3

from build_application import (
    APPLICATION,
    APPLICATION_FAULTS,
    APPLICATION_IMAGES,
    NEW_SESSION_FAULTS,
    VERSION_FAULTS,
    compile_application,
)
from build_firmware import CORES, Build
from otaproof.binary.application.application_proof import APPLICATION_BUILDS
from otaproof.binary.application.call_example import CallInputs
from otaproof.binary.application.call_inputs import GIVEN_OF_CALLS, SLOT_COUNT
from otaproof.binary.application.call_theorems import CALL_THEOREMS
from otaproof.binary.application.running_app import GIVEN_OF_RUNNING
from otaproof.binary.elf_file import read_bootloader_elf
from otaproof.binary.execution.counting_loop import ABOVE, ends_soon, meanings
from otaproof.binary.theorems.boot_inputs import RECORDS
from otaproof.binary.theorems.expected_side import ProgramBuild
from otaproof.binary.theorems.proof import ConfigVerdict, ProgramProof, TheoremProof, prove_theorem
from otaproof.binary.theorems.question import TheoremVerdict
from otaproof.impl import otadata
from otaproof.impl.program_end import Hang
from otaproof.model.config import Config, Release

BY_FUNCTION = {theorem.name: theorem for theorem in CALL_THEOREMS}
SLOW = "esp_ota_mark_app_invalid_rollback_and_reboot"
BEGIN = "esp_ota_begin"
V5_1 = (Config(rollback=True, app_release=Release.V5_1),)
ANTI_ROLLBACK = ("CONFIG_ANTI_ROLLBACK=1",)
WITH_VERSIONS = (ProgramBuild(Release.V5_1, True, True).config,)
FAITHFUL = ("riscv-faithful-Os-application", "xtensa-faithful-Os-application")

needs_compiler = pytest.mark.skipif(not CORES["riscv"].is_here, reason=f"{CORES['riscv'].compiler} is not installed")


WITHOUT_EXAMPLE = ("signed_search",)
"""It differs from 0x80000000 on alone, to which the right search takes more turns than examples are given."""
QUICK_FAULTS = (
    "sixteen_are_none",
    "state_as_byte",
    "valid_half_word",
    "inactive_of_running_app",
    "one_sector_of_the_image",
    "number_must_grow",
)


def marked(name: str, function: str) -> object:
    """Return a case, slow where its function has many paths, and for most faults."""
    is_slow = function == SLOW or (name in APPLICATION_FAULTS and name not in QUICK_FAULTS and function != BEGIN)
    return pytest.param(name, function, marks=[pytest.mark.slow] if is_slow else [])


def proof_of(elf: Path, function: str, builds: tuple[Config, ...] = V5_1) -> TheoremProof:
    """Return what is known of a function in a file."""
    return prove_theorem(BY_FUNCTION[function], read_bootloader_elf(elf), builds, is_exhaustive=True)


@pytest.mark.parametrize(("name", "function"), [marked(*case) for case in product(FAITHFUL, BY_FUNCTION)])
def test_right_call_is_proved(name: str, function: str) -> None:
    """Compiled with calls and with loops, for RISC-V by both semantics, and for Xtensa."""
    found = proof_of(APPLICATION_IMAGES / f"{name}.elf", function)
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts


@needs_compiler
@pytest.mark.parametrize(
    ("fault", "function"), [marked(*case) for case in APPLICATION_FAULTS.items() if case[0] not in WITHOUT_EXAMPLE]
)
@pytest.mark.thorough
def test_broken_call_is_refuted_by_an_example(fault: str, function: str, tmp_path: Path) -> None:
    """What the code does with the example is not what impl does."""
    found = proof_of(compile_application(Build("riscv", fault), tmp_path), function)
    assert TheoremVerdict.REFUTED is found.verdict, found.verdicts
    assert found.followed.example is not None
    assert found.followed.example.code != found.followed.example.impl


QUICK_VERSION_FAULTS = ("old_image_kept", "burn_after_failure")


@needs_compiler
@pytest.mark.parametrize(
    "function",
    [
        "esp_ota_set_boot_partition",
        "esp_ota_mark_app_valid_cancel_rollback",
        pytest.param(SLOW, marks=pytest.mark.slow),
    ],
)
@pytest.mark.thorough
def test_right_call_with_versions_is_proved(function: str, tmp_path: Path) -> None:
    """For any description of every image and any secure version in the eFuse."""
    elf = compile_application(Build("riscv", options=ANTI_ROLLBACK), tmp_path)
    found = proof_of(elf, function, WITH_VERSIONS)
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts


@needs_compiler
@pytest.mark.parametrize(
    ("fault", "function"),
    [
        pytest.param(*case, marks=[] if case[0] in QUICK_VERSION_FAULTS else pytest.mark.slow)
        for case in VERSION_FAULTS.items()
    ],
)
@pytest.mark.thorough
def test_broken_call_with_versions_is_refuted_by_an_example(fault: str, function: str, tmp_path: Path) -> None:
    """An example tells the versions; impl plays it."""
    elf = compile_application(Build("riscv", fault, options=ANTI_ROLLBACK), tmp_path)
    found = proof_of(elf, function, WITH_VERSIONS)
    assert TheoremVerdict.REFUTED is found.verdict, found.verdicts
    example = found.followed.example
    assert example is not None
    assert isinstance(example.inputs, CallInputs)
    assert example.inputs.versions
    assert example.code != example.impl


@needs_compiler
@pytest.mark.parametrize(("options", "release"), [((), Release.V5_1), (("CONFIG_BURN_LINKED=1",), Release.V4_4)])
@pytest.mark.thorough
def test_version_that_is_burned_tells_the_release(options: tuple[str, ...], release: Release, tmp_path: Path) -> None:
    """Before 5.1 it is the one that the code was linked with; without anti-rollback there is none."""
    elf = compile_application(Build("riscv", options=(*ANTI_ROLLBACK, *options)), tmp_path)
    builds = (*(ProgramBuild(known, True, True).config for known in (Release.V4_4, Release.V5_1)), *V5_1)
    found = proof_of(elf, "esp_ota_mark_app_valid_cancel_rollback", builds)
    proved = [item.config for item in found.verdicts if item.verdict is TheoremVerdict.PROVED]
    assert [(release, True)] == [(config.app_release, config.anti_rollback) for config in proved]
    assert 2 == sum(item.verdict is TheoremVerdict.REFUTED for item in found.verdicts)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("option", ["CONFIG_BEGIN_OF_5_5=1", "CONFIG_BEGIN_OF_6_1=1"])
def test_session_that_erases_the_inactive_record_is_proved(option: str, tmp_path: Path) -> None:
    """For its own release, and it is refuted for the one before."""
    elf = compile_application(Build("riscv", options=(option,)), tmp_path)
    own = Release.V5_5 if "5_5" in option else Release.V6_1
    builds = tuple(ProgramBuild(release, True).config for release in (own, Release.V5_1))
    found = proof_of(elf, BEGIN, builds)
    assert [TheoremVerdict.PROVED, TheoremVerdict.REFUTED] == [item.verdict for item in found.verdicts]


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("fault", NEW_SESSION_FAULTS)
def test_broken_session_is_refuted_by_an_example(fault: str, tmp_path: Path) -> None:
    """The inactive record is erased too early, for any partition, or never."""
    elf = compile_application(Build("riscv", fault, options=("CONFIG_BEGIN_OF_5_5=1",)), tmp_path)
    found = proof_of(elf, BEGIN, (ProgramBuild(Release.V5_5, True).config,))
    assert TheoremVerdict.REFUTED is found.verdict, found.verdicts
    assert found.followed.example is not None
    assert found.followed.example.code != found.followed.example.impl


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("fault", WITHOUT_EXAMPLE)
def test_broken_call_without_an_example_is_not_proved(fault: str, tmp_path: Path) -> None:
    """The difference is known, and no inputs for it."""
    found = proof_of(compile_application(Build("riscv", fault), tmp_path), APPLICATION_FAULTS[fault])
    assert TheoremVerdict.UNDECIDED is found.verdict, found.verdicts
    assert found.followed.detail.startswith("it differs")


def test_committed_broken_search_is_refuted() -> None:
    """It needs no compiler: every second number is passed over."""
    elf = APPLICATION_IMAGES / "riscv-every_second_number-Os-application.elf"
    assert TheoremVerdict.REFUTED is proof_of(elf, "esp_ota_set_boot_partition").verdict


@needs_compiler
@pytest.mark.parametrize("optimisation", ["-O2", "-Og"])
@pytest.mark.thorough
def test_search_is_recognised_however_it_is_compiled(optimisation: str, tmp_path: Path) -> None:
    """-O2 asks once before the loop; -Og multiplies in each turn."""
    elf = compile_application(Build("riscv", None, optimisation), tmp_path)
    found = proof_of(elf, "esp_ota_set_boot_partition")
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts


@needs_compiler
@pytest.mark.parametrize(
    ("options", "followed"),
    [
        pytest.param((), (True, Release.V5_1), marks=pytest.mark.slow),
        pytest.param(("CONFIG_ROLLBACK=0",), (False, Release.V5_1), marks=pytest.mark.slow),
        pytest.param(("CONFIG_SAME_SLOT_IN_PLACE=1",), (True, Release.V6_0)),
    ],
)
@pytest.mark.thorough
def test_build_is_told_by_proof(options: tuple[str, ...], followed: tuple[bool, Release], tmp_path: Path) -> None:
    """Of the builds that are tried, one is proved and the others are refuted."""
    elf = compile_application(Build("riscv", options=options), tmp_path)
    found = proof_of(elf, "esp_ota_set_boot_partition", APPLICATION_BUILDS)
    proved = [item.config for item in found.verdicts if item.verdict is TheoremVerdict.PROVED]
    assert [followed] == [(config.rollback, config.app_release) for config in proved]
    assert len(found.verdicts) - 1 == sum(item.verdict is TheoremVerdict.REFUTED for item in found.verdicts)


@needs_compiler
@pytest.mark.slow
def test_functions_together_tell_a_release_between_those_that_are_tried(tmp_path: Path) -> None:
    """5.5 opens a session as 6.0 does, and sets the boot partition as 5.1 does."""
    elf = compile_application(Build("riscv", options=("CONFIG_BEGIN_OF_5_5=1",)), tmp_path)
    builds = tuple(config for config in APPLICATION_BUILDS if config.rollback and not config.anti_rollback)
    begin, set_boot = (proof_of(elf, function, builds) for function in (BEGIN, "esp_ota_set_boot_partition"))
    assert {Release.V5_5} == {build.release for build in begin.builds & set_boot.builds}


def test_functions_of_different_builds_are_no_proved_application() -> None:
    """Each follows a build, and no build is followed by all."""

    def proved(*builds: ProgramBuild) -> TheoremProof:
        found = ConfigVerdict(builds[0].config, TheoremVerdict.PROVED, "", frozenset(builds))
        return TheoremProof(CALL_THEOREMS[0], (found,), 0.0)

    elf = read_bootloader_elf(APPLICATION_IMAGES / f"{FAITHFUL[0]}.elf")
    rollback, plain, newer = (
        ProgramBuild(Release.V5_1, True),
        ProgramBuild(Release.V5_1, False),
        ProgramBuild(Release.V6_0, True),
    )
    on, off, either = proved(rollback), proved(plain), proved(plain, rollback)
    assert ProgramProof(elf, (on, either)).verdict is TheoremVerdict.PROVED
    assert ProgramProof(elf, (on, either)).builds == {rollback}
    assert ProgramProof(elf, (on, off)).verdict is TheoremVerdict.REFUTED
    assert ProgramProof(elf, (on, proved(newer))).verdict is TheoremVerdict.REFUTED
    assert ProgramProof(elf, ()).verdict is TheoremVerdict.UNDECIDED


def test_every_fault_of_the_application_is_in_the_table() -> None:
    """The table and the sources name the same faults."""
    text = "".join(source.read_text(encoding="utf-8") for source in sorted(APPLICATION.glob("*.c")))
    assert {*APPLICATION_FAULTS, *VERSION_FAULTS, *NEW_SESSION_FAULTS} == set(re.findall(r"FAULT\((\w+),", text))


def test_premises_of_calls_can_be_met() -> None:
    """Those of examples too; else nothing would be claimed."""
    searched = ABOVE.found(RECORDS[0][0], SLOT_COUNT, SLOT_COUNT) == 7
    solver = z3.Solver()
    solver.add(*GIVEN_OF_CALLS, GIVEN_OF_RUNNING, searched, *meanings([searched]), *ends_soon([searched]))
    assert z3.sat == solver.check()


def test_next_seq_is_what_the_loop_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """With words of 6 bits, for every number, slot and count; where the loop has no end, it hangs."""
    monkeypatch.setattr(otadata, "WORD", 64)

    @cache
    def searched(current: int, slot: int, count: int) -> int | None:
        found = (((slot + 1) % count + turn * count) % 64 for turn in range(64))
        return next((number for number in found if number >= current), None)

    def computed(current: int, slot: int, count: int) -> int | None:
        try:
            return otadata.next_seq(current, slot, count)
        except Hang:
            return None

    cases = [(current, slot, count) for count in range(1, 17) for slot in range(count) for current in range(64)]
    assert [searched(*case) for case in cases] == [computed(*case) for case in cases]
