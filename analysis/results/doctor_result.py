"""The result of `otaproof doctor`."""

from dataclasses import dataclass
from typing import Literal

from ...project.doctor.diagnosis import RULES, Diagnosis
from ...project.doctor.rule import Rule, RuleFinding, Severity
from .result_parts import CommandResult, SettingEntry, setting_entries

SeverityName = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """The configuration of the project, as far as it is known."""

    known: bool
    """The options are known."""
    rollback: bool
    """App rollback is on."""
    anti_rollback: bool
    """Anti-rollback is on."""
    chip: str
    """IDF_TARGET."""
    table_offset: int
    """Of the partition table in flash, in bytes."""
    idf: str | None
    """ESP-IDF release of the application; null where nothing tells it."""
    bootloader_idf: str | None
    """ESP-IDF release of the bootloader; null where nothing tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFinding:
    """One thing that is wrong, or worth knowing."""

    rule: str
    """Id of the rule."""
    severity: SeverityName
    """How bad it is."""
    title: str
    """The rule in a few words."""
    where: str
    """File and line, or what else it is about."""
    file: str
    """The file."""
    line: int | None
    """The line, from 1."""
    what: str
    """What was found there."""
    why: str
    """Why it matters."""
    remedy: str
    """What to do."""
    source: str
    """What the rule rests on."""
    claim: str | None
    """Id of the claim that it breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorResult(CommandResult):
    """What `otaproof doctor` found."""

    command: Literal["doctor"] = "doctor"
    """The command that made the result."""
    project: str
    """What was looked at."""
    config: ProjectConfig
    """Its configuration."""
    settings: tuple[SettingEntry, ...]
    """What else is known of it, with where that is from."""
    notes: tuple[str, ...]
    """What its files contradict or leave open, a sentence each."""
    findings: tuple[DoctorFinding, ...]
    """Everything found, rule by rule."""
    counts: dict[SeverityName, int]
    """Findings by severity."""
    not_looked_at: dict[str, str]
    """By the id of a rule that was not looked at, what it needs."""
    ignored: tuple[str, ...]
    """Ids of rules that were left out on request."""
    rules: int
    """How many rules there are."""


def doctor_result(diagnosis: Diagnosis) -> DoctorResult:
    """Return all that a diagnosis found."""
    subject, config = diagnosis.subject, diagnosis.subject.config
    return DoctorResult(
        project=subject.name,
        config=ProjectConfig(
            known=subject.is_configured,
            rollback=config.rollback,
            anti_rollback=config.anti_rollback,
            chip=config.chip.value,
            table_offset=config.table_offset,
            idf=config.app_name if subject.release_text else None,
            bootloader_idf=config.bootloader_name if subject.release_text else None,
        ),
        settings=setting_entries(subject.named_values),
        notes=tuple(subject.warnings),
        findings=tuple(_finding(rule, finding) for rule, findings in diagnosis.found for finding in findings),
        counts={severity.value: diagnosis.count(severity) for severity in Severity},
        not_looked_at={rule.id: need.value for rule, need in diagnosis.not_looked_at},
        ignored=tuple(sorted(diagnosis.ignored)),
        rules=len(RULES),
    )


def _finding(rule: Rule, finding: RuleFinding) -> DoctorFinding:
    return DoctorFinding(
        rule=rule.id,
        severity=rule.severity.value,
        title=rule.title,
        where=str(finding.place),
        file=finding.place.file,
        line=finding.place.line,
        what=finding.what,
        why=rule.reason,
        remedy=rule.remedy,
        source=rule.source,
        claim=rule.claim or None,
    )
