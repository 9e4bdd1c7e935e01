"""What `otaproof binary prove --core` prints: each function of the core, and where it differs from the model."""

from rich.console import Console

from ...binary.by_turns.core_proof import PREMISES, SENTENCES, CoreProof
from ...binary.theorems.question import TheoremVerdict
from .binary_prove_report import THEOREM_STYLES
from .report_page import ReportPage


def print_core_proof(console: Console, found: CoreProof) -> None:
    """Print it."""
    page = ReportPage(console)
    page.whole(f"{found.elf.name}: {found.elf.architecture.value}, the core of the selector by turns", 0, "bold")
    page.whole(f"sha256 {found.elf.digest}", 0, "dim")
    for build, functions in found.functions.items():
        page.title(build.text[0].upper() + build.text[1:])
        for item in functions:
            page.item(
                f"{item.verdict.value:9}", f"{item.name}: {SENTENCES[item.name]}", 2, THEOREM_STYLES[item.verdict]
            )
            if item.example is not None:
                page.line(f"differs for {item.example}", 14)
            elif item.verdict is not TheoremVerdict.PROVED:
                page.line(item.detail, 14)
    page.title("They rest on")
    for sentence in PREMISES:
        page.item("-", sentence)
    if found.absent:
        page.item("-", f"Not in the file, so nothing is said of: {', '.join(found.absent)}.")
    page.blank()
    page.line(_summary(found), 0, style=THEOREM_STYLES[found.verdict])


def _summary(found: CoreProof) -> str:
    functions = [item for of_build in found.functions.values() for item in of_build]
    paths = sum(sum(item.paths.values()) for item in functions)
    told = f"{len(functions)} functions, {paths} paths; {found.seconds:.1f} s"
    match found.verdict:
        case TheoremVerdict.PROVED:
            return f"proved: {told}; every path is covered; z3 and bitwuzla agree"
        case TheoremVerdict.REFUTED:
            count = sum(item.verdict is TheoremVerdict.REFUTED for item in functions)
            return f"refuted: {count} of {told}"
    return f"undecided: not every function is decided; {told}"
