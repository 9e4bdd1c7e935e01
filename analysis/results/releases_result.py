"""The result of `otaproof releases`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ...impl.partitions.generator_rules import GENERATOR_RULES
from ...impl.release_points import NEWEST_READ, RECORDED, class_of_app, class_of_bootloader, is_newer_than_read
from ...impl.release_rules import APP_RULES, BOOTLOADER_ALONE, READING_RULES, ReleaseRule
from ...model.idf_version import IdfVersion
from .result_parts import CommandResult

ProgramName = Literal["application", "bootloader", "both", "generator"]
OF: dict[ProgramName, tuple[ReleaseRule, ...]] = {
    "application": APP_RULES,
    "bootloader": BOOTLOADER_ALONE,
    "both": READING_RULES,
    "generator": GENERATOR_RULES,
}
"""The rules by the program that they are of; those of both go by the version of each, gen_esp32part.py by that of the
application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRuleEntry:
    """A rule in which versions of ESP-IDF differ."""

    name: str
    """A short name for it."""
    of: ProgramName
    """The program whose version decides; both: each by its own version; generator: gen_esp32part.py, which makes
    partition tables, by the application's."""
    meaning: str
    """What a version that has it does."""
    since: tuple[str, ...]
    """The tags that brought it, a backport each, oldest first; none for what always was."""
    until: tuple[str, ...]
    """The tags that ended it."""
    versions: str
    """The versions that have it, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChange:
    """What a version changed for OTA, against the one before it in its branch."""

    version: str
    """The tag."""
    of: ProgramName
    """The program that does otherwise."""
    begins: tuple[str, ...]
    """Names of the rules that it brought."""
    ends: tuple[str, ...]
    """Names of the rules that it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRules:
    """The rules of one version."""

    version: str
    """The version."""
    source: Literal["recorded", "read", "newer"]
    """How they are known: recorded from its own code, read in the sources of its branch, or, for one that is newer than
    all that was read, taken from the newest."""
    application: tuple[str, ...]
    """Names of the rules that an application of it follows."""
    bootloader: tuple[str, ...]
    """Names of the rules that a bootloader of it follows."""
    generator: tuple[str, ...]
    """Names of the rules that its gen_esp32part.py follows."""
    application_class: str
    """The rules of the device model, by which `prove`, `explore` and `outcomes` decide about such an application."""
    bootloader_class: str
    """The same for such a bootloader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasesResult(CommandResult):
    """What `otaproof releases` tells."""

    command: Literal["releases"] = "releases"
    """The command that made the result."""
    rules: tuple[ReleaseRuleEntry, ...]
    """All rules."""
    changes: tuple[ReleaseChange, ...]
    """What each version changed, oldest first; a backport comes with its own branch."""
    versions: tuple[VersionRules, ...]
    """The versions asked for, else all that were recorded and the newest of each branch."""


def releases_result(asked: Sequence[IdfVersion] = ()) -> ReleasesResult:
    """Return the rules, what changed them, and which of them these versions have."""
    return ReleasesResult(
        rules=tuple(_entry(rule, of) for of, rules in OF.items() for rule in rules),
        changes=tuple(_changes()),
        versions=tuple(map(_rules_of, asked or sorted({*NEWEST_READ, *RECORDED}))),
    )


def _entry(rule: ReleaseRule, of: ProgramName) -> ReleaseRuleEntry:
    return ReleaseRuleEntry(
        name=rule.name,
        of=of,
        meaning=rule.meaning,
        since=tuple(tag.label for tag in rule.since),
        until=tuple(tag.label for tag in rule.until),
        versions=rule.versions,
    )


def _changes() -> Iterator[ReleaseChange]:
    every = [rule for rules in OF.values() for rule in rules]
    for tag in sorted({tag for rule in every for tag in (*rule.since, *rule.until)}):
        for of, rules in OF.items():
            begins = tuple(rule.name for rule in rules if tag in rule.since)
            ends = tuple(rule.name for rule in rules if tag in rule.until)
            if begins or ends:
                yield ReleaseChange(version=tag.label, of=of, begins=begins, ends=ends)


def _rules_of(version: IdfVersion) -> VersionRules:
    is_recorded, is_newer = version in RECORDED, is_newer_than_read(version)
    return VersionRules(
        version=version.label,
        source="recorded" if is_recorded else "newer" if is_newer else "read",
        application=_names((*OF["application"], *OF["both"]), version),
        bootloader=_names((*OF["bootloader"], *OF["both"]), version),
        generator=_names(OF["generator"], version),
        application_class=class_of_app(version).label,
        bootloader_class=class_of_bootloader(version).label,
    )


def _names(rules: Iterable[ReleaseRule], version: IdfVersion) -> tuple[str, ...]:
    return tuple(rule.name for rule in rules if rule.holds_in(version))
