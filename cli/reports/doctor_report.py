"""What `otaproof doctor` prints: findings rule by rule, what was not looked at, a last line."""

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from ...analysis.results.result_parts import setting_entries
from ...project.doctor.diagnosis import RULES, Diagnosis
from ...project.doctor.rule import Rule, RuleFinding, Severity
from .report_page import ReportPage, counted
from .settings_report import print_settings

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_INDENT = 9


def print_diagnosis(console: Console, diagnosis: Diagnosis, explains_notes: bool) -> None:
    """Print it. explains_notes: whether notes come with reason and remedy, as errors and warnings always do."""
    page = ReportPage(console)
    page.calls(diagnosis.subject.config.updater)
    page.blank()
    for rule, findings in diagnosis.found:
        is_explained = explains_notes or rule.severity is not Severity.NOTE
        _print_rule(page, rule, findings, diagnosis.subject.trace_of(rule.claim) if is_explained else None)
    for line in _not_looked_at(diagnosis):
        page.line(line, indent=0, style="dim")
    subject = diagnosis.subject
    if subject.named_values or subject.warnings:
        print_settings(page, setting_entries(subject.named_values), subject.warnings)
        page.console.print()
    page.line(summary(diagnosis), 0, style="bold")


def summary(diagnosis: Diagnosis) -> str:
    """Return the last line."""
    counts = [counted(diagnosis.count(severity), severity.value) for severity in Severity]
    looked_at = len(RULES) - len(diagnosis.not_looked_at) - len(diagnosis.ignored)
    hint = ""
    if any(rule.severity is Severity.NOTE for rule, _ in diagnosis.found):
        hint = "; --notes explains the notes"
    return f"{diagnosis.subject.name}: {', '.join(counts)}; {looked_at} of {len(RULES)} rules looked at{hint}"


def print_rules(console: Console) -> None:
    """Print every rule."""
    page = ReportPage(console)
    for rule in RULES:
        _print_head(page, rule)
        _print_explanation(page, rule, "otaproof check PROJECT")


def _not_looked_at(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield how many rules were not looked at, and why; --json names each."""
    for need, count in Counter(need for _, need in diagnosis.not_looked_at).items():
        yield f"{counted(count, 'rule')} not looked at, for want of {need.value}"
    if diagnosis.ignored:
        yield f"{counted(len(diagnosis.ignored), 'rule')} ignored on request"


def _print_rule(page: ReportPage, rule: Rule, findings: Iterable[RuleFinding], trace_command: str | None) -> None:
    _print_head(page, rule)
    for finding in findings:
        page.whole(f"{finding.place}: {finding.what}", _INDENT, "bold")
    if trace_command is not None:
        _print_explanation(page, rule, trace_command)


def _print_head(page: ReportPage, rule: Rule) -> None:
    head = Text(f"{rule.severity.value:8} ", _STYLES[rule.severity])
    page.console.print(head.append(f"{rule.id}  {rule.title}", "bold"), soft_wrap=True)


def _print_explanation(page: ReportPage, rule: Rule, trace_command: str) -> None:
    for word, text in (("why", rule.reason), ("do", rule.remedy), ("see", rule.source), ("breaks", rule.claim)):
        if text:
            page.line(f"{word:6} {text}", _INDENT, hang=7)
    if rule.claim:
        page.whole(f"trace  {trace_command}", _INDENT)
