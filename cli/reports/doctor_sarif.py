"""What `otaproof doctor` finds, as SARIF."""

from pathlib import Path
from typing import Any

from ...project.doctor.diagnosis import RULES, Diagnosis
from ...project.doctor.rule import Location, Rule, RuleFinding
from .sarif import fingerprints, location, message_text, project_file, sarif_log, sentence


def doctor_sarif(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as one SARIF log, with file names relative to the current directory."""
    base = Path.cwd().resolve()
    index = {rule.id: number for number, rule in enumerate(RULES)}
    results = (
        _result(rule, finding, index[rule.id], diagnosis.subject.name, base)
        for rule, findings in diagnosis.found
        for finding in findings
    )
    return sarif_log("otaproof doctor", map(_rule, RULES), results, base)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": sentence(rule.title)},
        "fullDescription": {"text": rule.reason},
        "help": {"text": f"{rule.reason}\n\n{rule.remedy}\n\nSource: {rule.source}"},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"tags": ["ota", "esp-idf"]} | ({"claim": rule.claim} if rule.claim else {}),
    }


def _result(rule: Rule, finding: RuleFinding, index: int, name: str, base: Path) -> dict[str, Any]:
    what = finding.what if Path(finding.place.file).exists() else f"{finding.place}: {finding.what}"
    # The same when lines move: the rule, the file's name and the text without numbers of lines.
    same = fingerprints(rule.id, Path(finding.place.file).name, finding.what.partition(" (")[0])
    return {
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": rule.severity.value,
        "message": {"text": f"{sentence(rule.title)}: {message_text(what)}. {rule.remedy}"},
        "locations": [{"physicalLocation": _location(finding.place, name, base)}],
        "partialFingerprints": same,
    }


def _location(place: Location, name: str, base: Path) -> dict[str, Any]:
    """Return where a finding is shown; on the project where no file has it."""
    if Path(place.file).exists():
        return location(Path(place.file), place.line, base)
    return location(project_file(Path(name)), None, base)
