"""Findings as SARIF 2.1.0, which code hosts and editors show at the lines they belong to.

Of the format's many properties these are the ones that GitHub's code scanning reads. Files are named relative to
the directory the command runs in, as in the repository that the findings go with; a finding that no file has is
put on the project itself, since code scanning shows none without a file.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ... import __version__
from ...bounded_input import shown
from ...project.doctor.diagnosis import RULES, Diagnosis
from ...project.doctor.rule import Location, Rule, RuleFinding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
_BRACKET = re.compile(r"(\\*)([\[\]])")


def as_sarif(diagnosis: Diagnosis, base: Path | None = None) -> dict[str, Any]:
    """Return a diagnosis as one SARIF log. base: what file names are relative to; the current directory if None."""
    base = (base or Path.cwd()).resolve()
    index = {rule.id: number for number, rule in enumerate(RULES)}
    results = [
        _result(rule, finding, index[rule.id], diagnosis.subject.name, base)
        for rule, findings in diagnosis.found
        for finding in findings
    ]
    driver = {
        "name": "otaproof doctor",
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in RULES],
    }
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"SRCROOT": {"uri": f"{base.as_uri().rstrip('/')}/"}},
                "results": results,
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": _sentence(rule.title)},
        "fullDescription": {"text": rule.reason},
        "help": {"text": f"{rule.reason}\n\n{rule.remedy}\n\nSource: {rule.source}"},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"tags": ["ota", "esp-idf"]} | ({"claim": rule.claim} if rule.claim else {}),
    }


def _result(rule: Rule, finding: RuleFinding, index: int, name: str, base: Path) -> dict[str, Any]:
    what = finding.what if Path(finding.place.file).exists() else f"{finding.place}: {finding.what}"
    return {
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": rule.severity.value,
        "message": {"text": f"{_sentence(rule.title)}: {message_text(what)}. {rule.remedy}"},
        "locations": [{"physicalLocation": _location(finding.place, name, base)}],
        "partialFingerprints": {"otaproofFinding/v1": _fingerprint(rule, finding)},
    }


def message_text(text: str) -> str:
    """Return text of others as a plain-text message, in which brackets make links (SARIF 2.1.0, 3.11.6)."""
    return _BRACKET.sub(r"\1\1\\\2", shown(text, keeps_lines=True))


def _location(place: Location, name: str, base: Path) -> dict[str, Any]:
    """Return where a finding is shown; on the project where no file has it."""
    path, line = Path(place.file), place.line
    if not path.exists():
        path, line = _project_file(Path(name)), None
    resolved = path.resolve()
    if resolved.is_relative_to(base):
        uri = quote(os.fsencode(resolved.relative_to(base)))
        location: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "SRCROOT"}}
    else:
        location = {"artifactLocation": {"uri": resolved.as_uri()}}
    if line is not None:
        location["region"] = {"startLine": line}
    return location


def _project_file(project: Path) -> Path:
    """Return the file that stands for a whole project."""
    names = ("sdkconfig", "sdkconfig.defaults", "partitions.bin")
    return next((project / name for name in names if (project / name).is_file()), project)


def _fingerprint(rule: Rule, finding: RuleFinding) -> str:
    """Return what stays the same when lines move: the rule, the file's name and the text without numbers of lines."""
    text = "\0".join((rule.id, Path(finding.place.file).name, finding.what.partition(" (")[0]))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]
