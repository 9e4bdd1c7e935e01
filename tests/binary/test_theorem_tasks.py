"""Theorems of a file side by side: the same verdicts as one by one, and what is decided outlives an interrupt."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

import z3

from build_firmware import IMAGES
from otaproof.binary.elf_file import read_bootloader_elf
from otaproof.binary.isa import rv32
from otaproof.binary.theorems import theorem_tasks
from otaproof.binary.theorems.bootloader_proof import prove_bootloader
from otaproof.binary.theorems.outcome import FunctionOutcome, differing_in_place
from otaproof.binary.theorems.proof import prove_theorem
from otaproof.binary.theorems.question import TheoremVerdict
from otaproof.binary.theorems.selection_theorem import SELECTION
from otaproof.campaign.workers import WorkerDied
from otaproof.model.config import Config

ROLLBACK = Config(rollback=True)
BROKEN = IMAGES / "xtensa-abort_as_invalid-Os.elf"
XTENSA = IMAGES / "xtensa-faithful-Os.elf"
FAITHFUL = IMAGES / "riscv-faithful-Os.elf"


@pytest.mark.thorough
def test_two_processes_come_to_the_verdicts_of_one() -> None:
    """With the same builds and paths, of a file that is refuted; the example may be another."""
    elf = read_bootloader_elf(BROKEN)
    one, two = (prove_bootloader(elf, (ROLLBACK,), jobs=jobs).theorems for jobs in (1, 2))
    assert ["selection", "fallback", "deep-sleep"] == [proof.theorem.name for proof in one]
    for proof, same in zip(one, two, strict=True):
        for item, like in zip(proof.verdicts, same.verdicts, strict=True):
            assert replace(item, runs=(), example=None) == replace(like, runs=(), example=None)
            assert (item.example is None) == (like.example is None)
            assert [run.answer.verdict for run in item.runs] == [run.answer.verdict for run in like.runs]
    assert TheoremVerdict.REFUTED is two[0].verdict


@pytest.mark.thorough
def test_options_that_the_selection_tells_hold_for_the_others() -> None:
    """The file has rollback on; what was begun for rollback off is done anew."""
    found = prove_bootloader(read_bootloader_elf(XTENSA), (Config(), ROLLBACK), jobs=2)
    assert [True, True, True] == [proof.followed.config.rollback for proof in found.theorems]
    assert TheoremVerdict.PROVED is found.verdict


@pytest.mark.parametrize("error", [WorkerDied, KeyboardInterrupt])
@pytest.mark.thorough
def test_what_is_decided_is_kept(error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    """One theorem is told; the others are undecided, and say why."""

    def dying(function: Callable[[Any], Any], given: Any, jobs: int) -> Iterator[Any]:
        yield function(next(iter(given)))
        raise error

    monkeypatch.setattr(theorem_tasks, "in_processes", dying)
    found = prove_bootloader(read_bootloader_elf(FAITHFUL), (ROLLBACK,), jobs=2)
    told = {proof.theorem.name: proof.followed.detail for proof in found.theorems}
    why = "interrupted" if error is KeyboardInterrupt else str(WorkerDied())
    assert told == {"selection": why, "fallback": why, "deep-sleep": "z3 and bitwuzla"}
    assert TheoremVerdict.UNDECIDED is found.verdict


@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_is_begun_after_an_interrupt(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A selection that nobody has decided looks most like one without rollback, which was not the likeliest."""
    begun: list[int] = []

    def interrupted(*arguments: Any) -> Any:
        begun.append(1)
        raise KeyboardInterrupt

    monkeypatch.setattr(theorem_tasks, "prove_theorem", interrupted)
    monkeypatch.setattr(theorem_tasks, "in_processes", interrupted)
    found = prove_bootloader(read_bootloader_elf(XTENSA), (ROLLBACK, Config()), jobs=jobs)
    assert [1] == begun
    assert 3 == len(found.theorems)
    assert {"interrupted"} == {item.detail for proof in found.theorems for item in proof.verdicts}


@pytest.mark.thorough
def test_two_semantics_that_disagree_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here one of them takes "at least" for "more"."""
    monkeypatch.setitem(rv32._COMPARISONS, 7, z3.UGT)
    found = prove_theorem(SELECTION, read_bootloader_elf(FAITHFUL), (ROLLBACK,))
    assert TheoremVerdict.UNDECIDED is found.verdict
    assert "disagree" in found.followed.detail


X = z3.BitVec("x", 32)
RESULT = z3.BitVecVal(1, 32)


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ((X < 5, X >= 5), (z3.Not(X >= 5), X >= 5), True),
        ((X < 5, X >= 5), (X <= 5, X > 5), False),
        ((X < 5, X >= 5), (X < 5, X >= 5, X == 7), False),
    ],
)
def test_ends_in_place(first: tuple[Any, ...], second: tuple[Any, ...], is_same: bool) -> None:
    """Each of the ends has a result of its own; what is touched beside them is a difference too."""

    def ends(conditions: tuple[Any, ...], frame: bool = True) -> tuple[FunctionOutcome, ...]:
        return tuple(
            FunctionOutcome(condition, RESULT + number, z3.BoolVal(False), (), z3.BoolVal(frame))
            for number, condition in enumerate(conditions)
        )

    def is_possible(formula: Any) -> bool:
        return z3.Solver().check(formula) == z3.sat  # type: ignore[no-any-return]

    results = [z3.simplify(RESULT + number) for number in range(3)]
    assert len(set(map(str, results))) == 3
    assert is_same is not is_possible(differing_in_place(ends(second), ends(first), z3.BitVecVal(0, 32)))
    assert is_possible(differing_in_place(ends(second, frame=False), ends(first), z3.BitVecVal(0, 32)))
