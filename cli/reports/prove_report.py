"""What `otaproof prove` prints: a line for each claim, and the trace that breaks each refuted one."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...analysis.proof_runs import QUICK_SLOTS, ConfigurationProof, ProvedClaim
from ...analysis.results.prove_result import ProvedClaimEntry, claim_entry
from ...model.device.scope_text import title_of_any_slots
from ...model.device.state import Usage
from ...proofs.prover.decision import ProofVerdict
from . import left_out_report
from .claim_trace import print_claim_trace
from .report_page import ReportPage, counted
from .verdict_words import VACUOUS, depth_words, verdict_style, verdict_words


def print_configuration(
    console: Console, configuration: ConfigurationProof, is_first: bool = True, shows_identifiers: bool = False
) -> None:
    """Print the configuration and its claims. is_first: it begins the report."""
    page = ReportPage(console)
    if is_first:
        page.calls()
    page.title(configuration.title)
    claims = [claim_entry(row, configuration.scope) for row in configuration.rows]
    table = Table(box=None, padding=(0, 1, 0, 1), header_style="bold")
    for name in ("claim", "verdict", "time", "how"):
        table.add_column(name, no_wrap=name != "how", overflow="fold", justify="right" if name == "time" else "left")
    for claim in claims:
        table.add_row(
            claim.id, Text(_words(claim), verdict_style(claim.verdict)), f"{claim.seconds:.1f} s", Text(claim.method)
        )
    page.table(table)
    for claim in claims:
        if claim.verdict == "refuted":
            print_claim_trace(page, claim, _words(claim), shows_identifiers)


def print_family(console: Console, configurations: Sequence[ConfigurationProof], number: str) -> None:
    """Print configurations that differ in the number of slots alone: those with the same verdicts in one line."""
    page = ReportPage(console)
    first = configurations[0]
    same = f" (= {', '.join(first.releases[1:])})" if first.releases[1:] else ""
    page.line(f"{number}  {title_of_any_slots(first.scope)}{same}", indent=0, style="bold")
    slots_of: dict[str, list[int]] = {}
    for configuration in configurations:
        slots_of.setdefault(_short(configuration), []).append(configuration.scope.slots)
    for words, slots in slots_of.items():
        page.line(f"{_counts(slots)} slots: {words}")


def tally(found: Sequence[ConfigurationProof]) -> str:
    """Return how many verdicts of each kind there are."""
    rows = [row for configuration in found for row in configuration.rows]
    counts = Counter(row.decision.verdict for row in rows)
    vacuous = sum(row.decision.is_possibly_vacuous for row in rows)
    # With --all, premises are searched with few slots alone.
    least = "at least " if len(found) > 1 and any(item.scope.slots > QUICK_SLOTS for item in found) else ""
    details = {ProofVerdict.PROVED: f"{least}{vacuous:,} possibly vacuous" if vacuous else ""}
    text = ", ".join(f"{counts[v]:,} {verdict_words(v.value, details.get(v, ''))}" for v in ProofVerdict if counts[v])
    return f"{counted(len(found), 'configuration')}, {counted(len(rows), 'claim')}: {text}"


def print_summary(console: Console, found: Sequence[ConfigurationProof], seconds: float) -> None:
    """Print how many verdicts of each kind there are, and what went wrong."""
    page = ReportPage(console)
    page.blank()
    page.line(f"{tally(found)}; {seconds:.1f} s", indent=0)
    for configuration in found:
        for row in configuration.rows:
            name = f"{configuration.title}: {row.decision.claim.id}"
            if row.divergence is not None:
                told = f"board and model differ, which is a bug in otaproof: {row.divergence}"
                page.line(f"{name}: {told}; please report it, with the command line", indent=0, style="bold red")
            elif row.decision.verdict is ProofVerdict.UNKNOWN:
                page.line(f"{name} is undecided: {row.decision.method}", indent=0, style="bold yellow")


def print_left_out(console: Console, found: Sequence[ConfigurationProof]) -> None:
    """Print what the verdicts leave out, under the strongest fault model and the narrowest usage among them."""
    if not found:
        return
    usages = {configuration.scope.usage for configuration in found}
    faults = max(configuration.scope.faults for configuration in found)
    usage = Usage.RESTART_AT_ONCE if Usage.RESTART_AT_ONCE in usages else Usage.DOCUMENTED
    scope = found[0].scope
    left_out_report.print_left_out(ReportPage(console), faults, usage, scope.allows, scope.is_by_turns)


def _words(claim: ProvedClaimEntry) -> str:
    """Return the verdict with the length of the trace."""
    if claim.divergence is not None:
        return "refuted, but not on the board"
    depth = depth_words(claim.depth, claim.is_shortest) if claim.verdict == "refuted" else ""
    return verdict_words(claim.verdict, depth, VACUOUS if claim.possibly_vacuous else "")


def _short(configuration: ConfigurationProof) -> str:
    """Return the verdicts on the claims in one line."""
    by_verdict: dict[ProofVerdict, list[str]] = {verdict: [] for verdict in ProofVerdict}
    for row in configuration.rows:
        by_verdict[row.decision.verdict].append(_short_row(row))
    told = [f"{verdict_words(verdict.value)} {' '.join(words)}" for verdict, words in by_verdict.items() if words]
    return "; ".join(told) or "not applicable"


def _short_row(row: ProvedClaim) -> str:
    decision = row.decision
    if decision.verdict is not ProofVerdict.REFUTED or decision.depth is None:
        return decision.claim.id
    return f"{decision.claim.id}({'' if decision.is_shortest else '≤'}{decision.depth})"


def _counts(slots: Sequence[int]) -> str:
    """Return numbers of slots as text, with stretches of three or more as first–last."""
    stretches: list[list[int]] = []
    for count in slots:
        if stretches and stretches[-1][-1] == count - 1:
            stretches[-1].append(count)
        else:
            stretches.append([count])
    parts = [f"{part[0]}–{part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in stretches]
    return ", ".join(parts)
