"""What `otaproof binary prove` prints of an application: by function verdicts and where the code differs."""

from rich.console import Console

from ...binary.application.call_example import CallExample
from ...binary.application.call_proof import (
    PREMISES,
    ApplicationProof,
    BuildVerdict,
    CallProof,
    build_text,
    builds_text,
    calls_text,
)
from ...binary.theorems.question import TheoremVerdict
from .entry_view import entry_lines
from .report_page import WRONG, ReportPage

_STYLES = {
    TheoremVerdict.PROVED: "bold green",
    TheoremVerdict.REFUTED: "bold red",
    TheoremVerdict.UNDECIDED: "bold yellow",
}


def print_application(console: Console, found: ApplicationProof) -> None:
    """Print it."""
    page = ReportPage(console)
    page.whole(f"{found.elf.name}: {found.elf.architecture.value}", 0, "bold")
    page.whole(f"sha256 {found.elf.digest}", 0, "dim")
    for proof in found.calls:
        _print_call(page, proof)
    page.title("All of them rest on")
    for sentence in PREMISES:
        page.item("-", sentence)
    page.blank()
    page.line(_summary(found), 0, style=_STYLES[found.verdict])


def _print_call(page: ReportPage, proof: CallProof) -> None:
    page.title(proof.theorem.title)
    for item in proof.verdicts:
        page.item(f"{item.verdict.value:9}", _verdict_text(item), 2, _STYLES[item.verdict])
    if proof.verdict is TheoremVerdict.REFUTED and proof.followed.example is not None:
        _print_example(page, proof.followed.example, build_text(proof.followed))
    page.line(f"Theorem: {proof.theorem.sentence}")
    page.line(calls_text(proof))
    paths = ", ".join(f"{len(code.exploration.paths)} paths ({code.semantics.value})" for code in proof.codes)
    impl = " and ".join(str(item.impl_paths) for item in proof.verdicts)
    page.line(f"{paths or 'No path'} of the machine code, against {impl} paths of impl; {proof.seconds:.1f} s")


def _verdict_text(item: BuildVerdict) -> str:
    text = build_text(item)
    if item.verdict is TheoremVerdict.PROVED:
        return f"{text}: does what impl's call does"
    return f"{text}: {'differs' if item.verdict is TheoremVerdict.REFUTED else item.detail}"


def _print_example(page: ReportPage, example: CallExample, build: str) -> None:
    page.line(f"An example, {build}: {example.slots} slots, {', '.join(example.inputs)}.")
    for fields, meaning in entry_lines(example.records, example.slots):
        page.whole(fields, 4)
        page.line(meaning, 16)
    page.item(f"{WRONG} code:", "; ".join(example.code), 4)
    page.item("  impl:", "; ".join(example.impl), 4)


def _summary(found: ApplicationProof) -> str:
    match found.verdict:
        case TheoremVerdict.PROVED:
            functions = f"{len(found.calls)} functions, {builds_text(found)}"
            return f"proved: {functions}; every path is covered; z3 and bitwuzla agree"
        case TheoremVerdict.REFUTED if all(proof.builds for proof in found.calls):
            return "refuted: each function follows a build, but there is none that all of them follow"
        case TheoremVerdict.REFUTED:
            return "refuted: a function differs with every build that was tried"
    return "undecided: not every function is decided"
