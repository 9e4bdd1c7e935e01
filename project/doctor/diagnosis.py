"""All rules of `otaproof doctor`, and what they come to for a project.

Ids stay: a number that is dropped is never given to something else, since projects ignore rules by their ids.
"""

from collections.abc import Collection
from dataclasses import dataclass

from .rule import Rule, RuleFinding, Severity
from .rules import app_images, flashing, kconfig, partition_table_rules, platform, table_and_options, trial
from .subject import Need, Subject

_TOPICS = (kconfig, trial, platform, partition_table_rules, table_and_options, app_images, flashing)
_BY_ID = {found.id: found for topic in _TOPICS for found in vars(topic).values() if isinstance(found, Rule)}
RULES: tuple[Rule, ...] = tuple(_BY_ID[id_] for id_ in sorted(_BY_ID))
"""In the order of their ids."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, and what could not be looked at."""

    subject: Subject
    found: tuple[tuple[Rule, tuple[RuleFinding, ...]], ...]
    """Rules that fired, the worst first."""
    not_looked_at: tuple[tuple[Rule, Need], ...]
    """Rules that miss something, and the first thing they miss."""
    ignored: frozenset[str]

    def count(self, severity: Severity) -> int:
        """Return how many findings there are of a severity."""
        return sum(len(findings) for rule, findings in self.found if rule.severity is severity)


def diagnose(subject: Subject, ignored: Collection[str] = ()) -> Diagnosis:
    """Return what the rules find; those named in `ignored` are not asked."""
    found, not_looked_at = [], []
    for rule in RULES:
        if rule.id in ignored:
            continue
        missing = next((need for need in rule.needs if need in subject.missing), None)
        if missing is not None:
            not_looked_at.append((rule, missing))
        elif findings := tuple(rule.find(subject)):
            found.append((rule, findings))
    order = list(Severity)
    found.sort(key=lambda pair: order.index(pair[0].severity))
    return Diagnosis(subject, tuple(found), tuple(not_looked_at), frozenset(ignored))
