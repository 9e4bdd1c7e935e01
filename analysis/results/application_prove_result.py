"""The result of `otaproof binary prove` for an application, in the shape of that for a bootloader."""

from ...binary.application.call_proof import PREMISES, ApplicationProof, BuildVerdict, CallProof
from .binary_prove_result import BinaryConfigVerdict, BinaryProveResult, BinaryTheorem


def application_prove_result(found: ApplicationProof) -> BinaryProveResult:
    """Return all that is known of an application."""
    return BinaryProveResult(
        file=found.elf.name,
        sha256=found.elf.digest,
        architecture=found.elf.architecture.value,
        found=None,
        verdict=found.verdict.value,
        theorems=tuple(map(_theorem, found.calls)),
    )


def _theorem(proof: CallProof) -> BinaryTheorem:
    return BinaryTheorem(
        name=proof.theorem.function,
        sentence=proof.theorem.sentence,
        verdict=proof.verdict.value,
        configurations=tuple(map(_build, proof.verdicts)),
        assumptions=PREMISES,
        hooks=proof.hooks,
        paths={code.semantics.value: len(code.exploration.paths) for code in proof.codes},
        seconds=round(proof.seconds, 2),
    )


def _build(item: BuildVerdict) -> BinaryConfigVerdict:
    return BinaryConfigVerdict(
        rollback=item.config.rollback,
        anti_rollback=item.config.anti_rollback,
        verdict=item.verdict.value,
        detail=item.detail if item.example is None else item.example.text,
        releases=tuple(release.label for release in item.releases),
        example=None,
    )
