"""What `otaproof binary prove` prints: verdicts, where the code differs, the theorems, what they rest on, figures."""

from rich.console import Console

from ...binary.recovery.recovered_program import RecoveredProgram
from ...binary.theorems.expected_side import builds_text
from ...binary.theorems.proof import ConfigVerdict, ProgramProof, TheoremProof
from ...binary.theorems.question import TheoremVerdict
from .recovery_report import print_recovery
from .report_page import ReportPage
from .theorem_example_report import print_example

THEOREM_STYLES = {
    TheoremVerdict.PROVED: "bold green",
    TheoremVerdict.REFUTED: "bold red",
    TheoremVerdict.UNDECIDED: "bold yellow",
}


def print_proof(console: Console, found: ProgramProof) -> None:
    """Print it."""
    page = ReportPage(console)
    page.whole(f"{found.elf.name}: {found.elf.architecture.value}", 0, "bold")
    page.whole(f"sha256 {found.elf.digest}", 0, "dim")
    if isinstance(found.elf, RecoveredProgram):
        print_recovery(page, found.elf.recovery)
    common = _common_premises(found)
    for proof in found.theorems:
        _print_theorem(page, proof, common)
    page.title("All of them rest on")
    for sentence in common:
        page.item("-", sentence)
    page.blank()
    for proof in found.theorems:
        page.line(_figures(proof), 0)
    page.line(_summary(found), 0, style=THEOREM_STYLES[found.verdict])


def _common_premises(found: ProgramProof) -> tuple[str, ...]:
    """Return what every theorem rests on."""
    first, *others = (proof.theorem.premises(proof.followed.config) for proof in found.theorems)
    return tuple(sentence for sentence in first if all(sentence in premises for premises in others))


def _print_theorem(page: ReportPage, proof: TheoremProof, common: tuple[str, ...]) -> None:
    page.title(proof.theorem.title)
    for item in proof.verdicts:
        page.item(f"{item.verdict.value:9}", _verdict_text(item), 2, THEOREM_STYLES[item.verdict])
    if proof.verdict is TheoremVerdict.REFUTED and proof.followed.example is not None:
        page.line(f"An example, {builds_text(proof.followed.builds)}:")
        print_example(page, proof.followed.example)
    page.line(f"Theorem: {proof.theorem.sentence(proof.followed.config)}")
    page.line("It rests on:")
    for sentence in proof.theorem.premises(proof.followed.config):
        if sentence not in common:
            page.item("-", sentence, 4)
    called = ", ".join(proof.hooks) or "none"
    page.item("-", f"Calls that were not followed, but taken to do what their names say: {called}.", 4)


def _verdict_text(item: ConfigVerdict) -> str:
    said = {TheoremVerdict.PROVED: "does what impl does", TheoremVerdict.REFUTED: "differs from what impl does"}
    return f"{builds_text(item.builds)}: {said.get(item.verdict, item.detail)}"


def _figures(proof: TheoremProof) -> str:
    paths = ", ".join(f"{code.path_count} paths ({code.semantics.value})" for code in proof.codes)
    impl = " and ".join(str(item.impl_paths) for item in proof.verdicts)
    name = proof.theorem.name
    return f"{name}: {paths or 'no path'} of the machine code, against {impl} paths of impl; {proof.seconds:.1f} s"


def _summary(found: ProgramProof) -> str:
    match found.verdict:
        case TheoremVerdict.PROVED:
            followed = f"{len(found.theorems)} theorems, {builds_text(found.builds)}"
            return f"proved: {followed}; every path is covered; z3 and bitwuzla agree"
        case TheoremVerdict.REFUTED if all(proof.builds for proof in found.theorems):
            return "refuted: each function follows a build, but there is none that all of them follow"
        case TheoremVerdict.REFUTED:
            return "refuted: the code differs with every build that was tried"
    return "undecided: not every theorem is decided"
