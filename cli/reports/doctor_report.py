"""What `otaproof doctor` prints: findings rule by rule, what was not looked at, a last line; as text or as JSON."""

import textwrap
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from ...project.doctor.diagnosis import RULES, Diagnosis
from ...project.doctor.rule import Finding, Rule, Severity

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_INDENT = " " * 9


def print_diagnosis(console: Console, diagnosis: Diagnosis, explains_notes: bool) -> None:
    """Print it. explains_notes: whether notes come with reason and remedy, as errors and warnings always do."""
    for value in diagnosis.subject.named_values:
        style = "yellow" if value.origin.assumed else "dim"
        console.print(
            Text(f"{value.name.removeprefix('CONFIG_')}: {value.value} ({value.origin})", style), soft_wrap=True
        )
    for warning in diagnosis.subject.warnings:
        console.print(Text(f"note: {warning}", "yellow"), soft_wrap=True)
    for rule, findings in diagnosis.found:
        is_explained = explains_notes or rule.severity is not Severity.NOTE
        _print_rule(console, rule, findings, diagnosis.subject.check_command if is_explained else None)
    for need, pairs in groupby(sorted(diagnosis.not_looked_at, key=lambda pair: pair[1].name), lambda pair: pair[1]):
        ids = " ".join(rule.id for rule, _ in pairs)
        console.print(Text(f"not looked at, for want of {need.value}: {ids}", "dim"), soft_wrap=True)
    if diagnosis.ignored:
        console.print(Text(f"ignored: {' '.join(sorted(diagnosis.ignored))}", "dim"), soft_wrap=True)
    console.print(Text(summary(diagnosis), "bold"), soft_wrap=True)


def summary(diagnosis: Diagnosis) -> str:
    """Return the last line."""
    counts = [_counted(diagnosis.count(severity), severity.value) for severity in Severity]
    looked_at = len(RULES) - len(diagnosis.not_looked_at) - len(diagnosis.ignored)
    hint = ""
    if any(rule.severity is Severity.NOTE for rule, _ in diagnosis.found):
        hint = "; --notes explains the notes"
    return f"{diagnosis.subject.name}: {', '.join(counts)}; {looked_at} of {len(RULES)} rules looked at{hint}"


def print_rules(console: Console) -> None:
    """Print every rule."""
    for rule in RULES:
        _print_head(console, rule, rule.title)
        _print_explanation(console, rule, "otaproof check PROJECT")


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the diagnosis as one JSON object."""
    subject, config = diagnosis.subject, diagnosis.subject.config
    return {
        "project": subject.name,
        "config": {
            "known": subject.is_configured,
            "rollback": config.rollback,
            "anti_rollback": config.anti_rollback,
            "chip": config.chip.value,
            "table_offset": config.table_offset,
            "idf": config.app_release.label if subject.release_text else None,
            "bootloader_idf": config.bootloader_release.label if subject.release_text else None,
        },
        "origins": {value.name: str(value.origin) for value in subject.named_values},
        "notes": list(subject.warnings),
        "findings": [_finding_json(rule, finding) for rule, findings in diagnosis.found for finding in findings],
        "counts": {severity.value: diagnosis.count(severity) for severity in Severity},
        "not_looked_at": {rule.id: need.value for rule, need in diagnosis.not_looked_at},
        "ignored": sorted(diagnosis.ignored),
        "rules": len(RULES),
    }


def _finding_json(rule: Rule, finding: Finding) -> Mapping[str, Any]:
    return {
        "rule": rule.id,
        "severity": rule.severity.value,
        "title": rule.title,
        "where": str(finding.place),
        "file": finding.place.file,
        "line": finding.place.line,
        "what": finding.what,
        "why": rule.reason,
        "remedy": rule.remedy,
        "source": rule.source,
        "claim": rule.claim or None,
    }


def _print_rule(console: Console, rule: Rule, findings: Iterable[Finding], check_command: str | None) -> None:
    _print_head(console, rule, rule.title)
    for finding in findings:
        line = Text(f"{_INDENT}{finding.place}: ", "bold")
        console.print(line.append(finding.what, "not bold"), soft_wrap=True)
    if check_command is not None:
        _print_explanation(console, rule, check_command)


def _print_head(console: Console, rule: Rule, title: str) -> None:
    head = Text(f"{rule.severity.value:8} ", _STYLES[rule.severity])
    console.print(head.append(f"{rule.id}  {title}", "bold"), soft_wrap=True)


def _print_explanation(console: Console, rule: Rule, check_command: str) -> None:
    lines = [("why", rule.reason), ("do", rule.remedy), ("see", rule.source)]
    if rule.claim:
        lines.append(("trace", f"{check_command} (claim {rule.claim})"))
    for word, text in lines:
        for number, part in enumerate(_wrapped(text, console.width)):
            console.print(Text(f"{_INDENT}{word if not number else '':6}", "dim").append(part, "not dim"))


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(40, min(width, 120) - len(_INDENT) - 7), break_on_hyphens=False) or [""]


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
