"""Versions of ESP-IDF as points: releases, named pre-releases, tips of release branches, master.

They are ordered as their tags are numbered: 5.2-dev, 5.2-beta1, 5.2-rc1, 5.2, 5.2.1, the tip of release/v5.2, 5.3-dev.
A backport is newer than many a tag of a greater number, so what a version does cannot be told by this order alone.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

_TAG = re.compile(r"v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:-(dev|beta|rc)(\d{0,3}))?(-[\w.-]+)?")
_TIP = re.compile(r"release/v?(\d{1,3})\.(\d{1,3})|v?(\d{1,3})\.(\d{1,3})-release-[0-9a-f]+")


class VersionStage(IntEnum):
    """How far a version is, oldest first."""

    DEV = 0
    """The tag at which development of a minor version begins."""
    BETA = 1
    RC = 2
    RELEASE = 3
    TIP = 4
    """The tip of a release branch, behind its last tag."""


@dataclass(frozen=True, slots=True, order=True)
class IdfVersion:
    """One version. Compare with <."""

    major: int
    minor: int
    patch: int = 0
    stage: VersionStage = VersionStage.RELEASE
    number: int = 0
    """Of a beta or a release candidate."""

    def __hash__(self) -> int:
        """Go by the numbers of a release: what is looked up by a version is looked up often."""
        return self.major << 16 | self.minor << 8 | self.patch

    @property
    def branch(self) -> tuple[int, int]:
        """Major and minor number, which name the release branch."""
        return self.major, self.minor

    @property
    def branch_label(self) -> str:
        """The same as text, such as "5.1"."""
        return f"{self.major}.{self.minor}"

    @property
    def label(self) -> str:
        """The name that `parse` takes: "5.1.4", "5.1.0", "6.1-beta1", "release/v5.1", "master"."""
        if self == MASTER:
            return "master"
        if self.stage is VersionStage.TIP:
            return f"release/v{self.major}.{self.minor}"
        if self.stage is VersionStage.RELEASE:
            return f"{self.major}.{self.minor}.{self.patch}"
        patch = f".{self.patch}" if self.patch else ""
        return f"{self.major}.{self.minor}{patch}-{self.stage.name.lower()}{self.number or ''}"

    @classmethod
    def parse(cls, text: str) -> "IdfVersion":
        """Return the version that a tag, a branch or `git describe` names; commits behind a tag count as the tag.

        "v5.1" is the tag, which is 5.1.0. Raises ValueError for any other text."""
        if text == "master":
            return MASTER
        tip = _TIP.fullmatch(text)
        if tip is not None:
            return cls(int(tip[1] or tip[3]), int(tip[2] or tip[4]), _TIP_PATCH, VersionStage.TIP)
        tag = _TAG.fullmatch(text)
        if tag is None:
            raise ValueError(f"{text!r} is no ESP-IDF release; want one such as 5.1, 5.1.4, 6.1-beta1 or master")
        stage = VersionStage[tag[4].upper()] if tag[4] else VersionStage.RELEASE
        version = cls(int(tag[1]), int(tag[2]), int(tag[3] or 0), stage, int(tag[5] or 0))
        # `git describe` of master says how many commits lie behind the tag at which its development began.
        return MASTER if stage is VersionStage.DEV and tag[6] and version.branch == _LAST_DEV else version


_TIP_PATCH = 1_000
"""Greater than that of any tag."""
_LAST_DEV = (6, 1)
"""The branch whose dev tag `git describe` names on the master that was read."""
MASTER = IdfVersion(6, 2, 0, VersionStage.DEV)
"""The development branch after 6.1, at commit 102122904ade of July 2026."""
