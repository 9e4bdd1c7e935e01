"""Versions of ESP-IDF as a configuration holds them: the class of rules that the device model has, and the point.

The model has six classes of rules (`Release`), each of them recorded. A version belongs to the class that does what it
does as far as the model goes, application and bootloader each by itself. The board goes by the rules of the version
itself, which a configuration names where they are not those that the class was recorded of.
"""

import re
from dataclasses import replace

from ..model.config import Config, Release
from ..model.idf_version import MASTER, IdfVersion, VersionStage
from .release_rules import (
    ASSERTS_DESCRIPTION,
    BOOTLOADER_RULES,
    BRANCHES,
    READING_RULES,
    AppRules,
    ReleaseRule,
    app_rules,
    parse_versions,
)

OLDEST = IdfVersion.parse("3.3-dev")
"""The oldest version whose sources were read."""
NEWEST_READ = parse_versions("3.3.6 4.0.4 4.1.4 4.2.5 4.3.7 4.4.8 5.0.9 5.1.7 5.2.7 5.3.5 5.4.4 5.5.5 6.0.2 6.1 master")
"""The newest version of each branch whose sources were read, 6.1 by its branch of July 2026."""
_IN_MODEL = (
    "begin_erases_inactive_entry",
    "begin_refuses_second_session",
    "resume_refuses_pending",
    "same_slot_in_place",
)
"""The rules of an application that the model has."""


_LINES = {newest.branch: newest for newest in NEWEST_READ} | {
    release.point.branch: release.point for release in (Release.V4_4, Release.V5_1)
}
"""What the two numbers of a branch stand for: its newest version that was read, but 4.4.0 and the 5.1.3 that NodeMCU
builds against, of which was recorded."""
_LINE = re.compile(r"(\d{1,3})\.(\d{1,3})")
RECORDED = frozenset(
    {release.point for release in Release}
    | {
        IdfVersion.parse(f"release/v{branch}")
        for branch in ["3.3", "4.2", "4.3", "4.4", "5.0", "5.1", "5.2", "5.3", "5.4", "5.5", "6.0", "6.1"]
    }
)
"""The versions whose behaviour was recorded from their own code."""


def read_point(text: str) -> IdfVersion:
    """Return the version that a text names: a tag such as "v5.1", a version such as "5.1.0", a branch such as "5.1".

    Raises ValueError for none, for one that there is not, and for one older than all that were read."""
    text = text.strip()
    line = _LINE.fullmatch(text)
    branch = None if line is None else (int(line[1]), int(line[2]))
    version = _LINES.get(branch) if branch is not None else None
    version = version or IdfVersion.parse(text)
    if version < OLDEST:
        raise ValueError(
            f"ESP-IDF {text} is older than {OLDEST.branch_label}, the oldest release whose rules are known"
        )
    if version.branch not in BRANCHES and version < MASTER:
        raise ValueError(f"there is no ESP-IDF {version.branch_label}")
    return version


def is_by_tags(version: IdfVersion) -> bool:
    """Tell whether the rules of a version are known by the tags of sources alone: nothing was recorded of it."""
    return version not in RECORDED


def newest_read(version: IdfVersion) -> IdfVersion:
    """Return the newest version of its branch whose sources were read, or of all where none of its branch was."""
    return next((newest for newest in NEWEST_READ if newest.branch == version.branch), NEWEST_READ[-1])


def is_newer_than_read(version: IdfVersion) -> bool:
    """Tell whether nobody here has read the sources of a version: it comes after all that were, in its branch."""
    return version.stage is not VersionStage.TIP and version > newest_read(version)


def with_versions(config: Config, app: IdfVersion, bootloader: IdfVersion) -> Config:
    """Return a configuration with these versions of application and bootloader.

    Where both are one version, it is named for both or for none."""
    app_class, bootloader_class = class_of_app(app), class_of_bootloader(bootloader)
    names_app = bool(differing_app_rules(app, app_class.point))
    names_bootloader = bool(differing_bootloader_rules(bootloader, bootloader_class.point))
    is_one = app == bootloader and (names_app or names_bootloader)
    return replace(
        config,
        app_release=app_class,
        app_version=app if names_app or is_one else None,
        bootloader_release=bootloader_class,
        bootloader_version=bootloader if names_bootloader or is_one else None,
    )


def class_of_app(version: IdfVersion) -> Release:
    """Return the newest class that is not newer, of those that do what the version does in the model."""

    def known(of: IdfVersion) -> list[bool]:
        return [getattr(app_rules(of), name) for name in _IN_MODEL]

    alike = [release for release in Release if known(release.point) == known(version)]
    return _nearest(alike, version)


def class_of_bootloader(version: IdfVersion) -> Release:
    """Return the same for a bootloader, of which the model has one rule that differs."""
    asserts = ASSERTS_DESCRIPTION.holds_in(version)
    return _nearest([release for release in Release if ASSERTS_DESCRIPTION.holds_in(release) == asserts], version)


def _nearest(alike: list[Release], version: IdfVersion) -> Release:
    """Return the newest that is of the branch or an older one, else the oldest."""
    older = [release for release in alike if release.point.branch <= version.branch]
    return older[-1] if older else alike[0]


def differing_app_rules(left: IdfVersion, right: IdfVersion) -> tuple[str, ...]:
    """Return the names of the rules in which two applications differ."""
    calls = [name for name in AppRules.__dataclass_fields__ if _of(left, name) != _of(right, name)]
    return (*calls, *_differing(READING_RULES, left, right))


def differing_bootloader_rules(left: IdfVersion, right: IdfVersion) -> tuple[str, ...]:
    """Return the names of the rules in which two bootloaders differ."""
    return _differing(BOOTLOADER_RULES, left, right)


def _of(version: IdfVersion, name: str) -> bool:
    return bool(getattr(app_rules(version), name))


def _differing(rules: tuple[ReleaseRule, ...], left: IdfVersion, right: IdfVersion) -> tuple[str, ...]:
    return tuple(rule.name for rule in rules if rule.holds_in(left) != rule.holds_in(right))
