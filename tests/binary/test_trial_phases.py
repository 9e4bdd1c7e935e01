"""Phases of runs in several processes: the same as in one, and what an interrupt leaves of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("unicorn", reason="unicorn is not installed")
pytest.importorskip("elftools", reason="pyelftools is not installed")

from build_firmware import IMAGES
from otaproof.binary.elf_file import read_bootloader_elf
from otaproof.binary.emulator import trial_phase
from otaproof.binary.emulator.otadata_pairs import random_pairs
from otaproof.binary.emulator.program import BootloaderProgram
from otaproof.binary.emulator.trial_phase import BenchKind, PhasePlan, TrialPhase, TrialSetting, run_phases, undisturbed
from otaproof.binary.emulator.trials import TrialPlan, trials
from otaproof.campaign.workers import WorkerDied
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.model.config import Chip, Config
from otaproof.model.fault_model import FaultModel

CONFIG = Config(rollback=True, chip=Chip.ESP32C3)


def program_of(name: str) -> BootloaderProgram:
    """Return a bootloader of ours."""
    return BootloaderProgram(read_bootloader_elf(IMAGES / f"{name}.elf"))


def without_seconds(phases: Iterable[TrialPhase[Any]]) -> list[TrialPhase[Any]]:
    """Return all that does not depend on the machine."""
    return [replace(phase, seconds=0.0) for phase in phases]


def test_two_processes_come_to_what_one_comes_to() -> None:
    """Counts, and the simplest difference of each phase, of a broken bootloader."""
    plan = TrialPlan(pairs=1500, faults=FaultModel.F0, every=97)
    one, two = (without_seconds(trials(program_of("riscv-new_half_word-Os"), CONFIG, plan, jobs)) for jobs in (1, 2))
    assert one == two
    assert any(phase.differing for phase in one)


def test_nothing_counts_behind_a_fault() -> None:
    """The selection of this program runs to an instruction that there is not."""
    program = program_of("riscv-faithful-Os")
    elf = read_bootloader_elf(IMAGES / "riscv-faithful-Os.elf")
    broken = BootloaderProgram(
        elf.patched({program.function("bootloader_utility_get_selected_boot_partition"): b"\0\0\0\0"})
    )
    assert broken != program
    assert program_of("riscv-faithful-Os") == program
    setting = TrialSetting(broken, CONFIG, BenchKind.SELECTION)
    (phase,) = run_phases([PhasePlan("pairs", setting, random_pairs(0, 3000), undisturbed)])
    assert (0, True) == (phase.runs, bool(phase.fault))


@pytest.mark.parametrize("error", [KeyboardInterrupt, WorkerDied])
def test_interrupted_phases_tell_what_they_have(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One block of the second phase is compared; the command says so, and that nothing else was run."""

    def dying(function: Callable[[Any], Any], given: Iterable[Any], jobs: int) -> Iterator[Any]:
        for number, block in enumerate(given):
            if number == 2:
                raise error
            yield function(block)

    monkeypatch.setattr(trial_phase, "mapped", dying)
    command = [
        "binary",
        "run",
        str(IMAGES / "riscv-faithful-Os.elf"),
        "--rollback",
        "--pairs",
        "3000",
        "--every",
        "200",
    ]
    assert ExitCode.INCONCLUSIVE == main(command)
    said = " ".join(capsys.readouterr().out.split())
    why = "interrupted" if error is KeyboardInterrupt else str(WorkerDied())
    assert f"random pairs: {why}, partial results" in said
    assert "random pairs 500 0" in said
    assert "whole boots" not in said
