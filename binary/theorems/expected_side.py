"""What impl does in one build, for all inputs, and in which other builds it does the same.

impl is run with a configuration that notes which of its fields are looked at, and against which releases it compares
the one that it finds. No other field, and no other release, has an influence.
"""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ...model.config import Config, Release
from ...model.idf_version import IdfVersion
from .outcome import FunctionOutcome

_OPTIONS = ((True, False), (False, False), (True, True))
_OPTION_NAMES = {(True, False): "rollback on", (False, False): "rollback off", (True, True): "anti-rollback on"}


@dataclass(frozen=True, slots=True)
class ProgramBuild:
    """What a file does not say of how it was built."""

    release: Release
    rollback: bool
    anti_rollback: bool = False

    @property
    def config(self) -> Config:
        """The configuration: a file is of one release, bootloader or application."""
        return Config(
            rollback=self.rollback,
            anti_rollback=self.anti_rollback,
            bootloader_release=self.release,
            app_release=self.release,
        )


def build_of(config: Config) -> ProgramBuild:
    """Return the build that such a configuration is of."""
    return ProgramBuild(config.bootloader_release, config.rollback, config.anti_rollback)


def with_options_of(config: Config) -> frozenset[ProgramBuild]:
    """Return the builds of every release with the options of a configuration."""
    return frozenset(ProgramBuild(release, config.rollback, config.anti_rollback) for release in Release)


@dataclass(frozen=True, slots=True)
class ExpectedSide:
    """What impl does, for all inputs."""

    config: Config
    outcomes: tuple[FunctionOutcome, ...]
    path_count: int
    read: frozenset[str]
    """Fields of Config that impl has looked at."""
    releases: tuple[Release, ...]
    """Those for which it does the same, that of `config` among them."""

    @property
    def builds(self) -> frozenset[ProgramBuild]:
        """The builds in which impl does the same."""
        return frozenset(
            ProgramBuild(release, *options)
            for release in self.releases
            for options in _OPTIONS
            if all(
                value == getattr(self.config, field)
                for field, value in zip(("rollback", "anti_rollback"), options, strict=True)
                if field in self.read
            )
        )


class RecordedRelease:
    """The version of a release, which notes what it is compared with."""

    def __init__(self, version: IdfVersion) -> None:
        """Stand for a version."""
        self._version = version
        self._asked: list[tuple[Callable[[Any, Any], bool], IdfVersion]] = []

    def alike(self) -> tuple[Release, ...]:
        """Return the releases that answer all that was asked as this one does."""
        return tuple(
            release
            for release in Release
            if all(compare(release.point, other) == compare(self._version, other) for compare, other in self._asked)
        )

    def __lt__(self, other: IdfVersion) -> bool:
        """Tell whether the version is older."""
        return self._compared(operator.lt, other)

    def __ge__(self, other: IdfVersion) -> bool:
        """Tell whether the version is that one or newer."""
        return self._compared(operator.ge, other)

    def _compared(self, compare: Callable[[Any, Any], bool], other: IdfVersion) -> bool:
        self._asked.append((compare, other))
        return compare(self._version, other)


class RecordedConfig:
    """A configuration that notes which of its fields are read."""

    def __init__(self, config: Config) -> None:
        """Stand for a configuration."""
        self._config = config
        self._releases: dict[str, RecordedRelease] = {}
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        """Return a field."""
        self.read.add(name)
        value = getattr(self._config, name)
        return self._releases.setdefault(name, RecordedRelease(value)) if isinstance(value, IdfVersion) else value

    def side(self, outcomes: Iterable[FunctionOutcome], path_count: int) -> ExpectedSide:
        """Return what impl has done with it."""
        alike = [set(release.alike()) for release in self._releases.values()]
        releases = tuple(release for release in Release if all(release in found for found in alike))
        return ExpectedSide(self._config, tuple(outcomes), path_count, frozenset(self.read), releases)


def builds_text(builds: Iterable[ProgramBuild]) -> str:
    """Return builds in a few words; there is one at least."""
    found = set(builds)
    releases = [release for release in Release if any(build.release is release for build in found)]
    options = {(build.rollback, build.anti_rollback) for build in found}
    named = " or ".join(_OPTION_NAMES[option] for option in _OPTIONS if option in options)
    return f"ESP-IDF {_releases_text(releases)}{'' if len(options) == len(_OPTIONS) else f', {named}'}"


def _releases_text(releases: list[Release]) -> str:
    known = list(Release)
    first, last = releases[0], releases[-1]
    if releases != known[known.index(first) : known.index(last) + 1]:
        return " and ".join(release.label for release in releases)
    return first.label if first is last else f"{first.label} to {last.label}"
