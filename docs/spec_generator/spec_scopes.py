"""The configurations that the specification gives verdicts for: build, release rules and usage.

The device model distinguishes only some releases. Releases with the same model share a configuration;
tests/house/test_spec.py compares their models.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from otaproof.model.config import Config, Release, release_name
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel

RELEASES: dict[Release, tuple[Release, ...]] = {
    Release.V5_1: (Release.V4_4, Release.V5_1),
    Release.V5_5: (Release.V5_5,),
    Release.V6_0: (Release.V6_0,),
    Release.V6_1: (Release.V6_1, Release.V6_2_DEV),
}
"""The releases with the same model, by the one that is checked."""
USAGES = (Usage.DOCUMENTED, Usage.RESTART_AT_ONCE)
"""The usages of the tables, the main one first. Verdicts of any usage come from `otaproof explore --usage any`."""
VERSIONS = 2
"""Number of secure versions that an image can have with anti-rollback."""


@dataclass(frozen=True, slots=True)
class Build:
    """The options that the two sdkconfigs and the partition table decide."""

    id: str
    title: str
    rollback: bool
    anti_rollback: bool
    has_factory: bool


BUILDS: tuple[Build, ...] = (
    Build("off", "rollback off", False, False, False),
    Build("off-factory", "rollback off, factory", False, False, True),
    Build("on", "rollback on", True, False, False),
    Build("on-factory", "rollback on, factory", True, False, True),
    Build("anti", "anti-rollback", True, True, False),
)


@dataclass(frozen=True, slots=True)
class SpecScope:
    """One configuration: build, release rules and usage."""

    build: Build
    release: Release
    usage: Usage
    allows: frozenset[Allowance] = frozenset()

    @property
    def id(self) -> str:
        """A short name, such as on-5.5-documented."""
        return "-".join((self.build.id, self.release.label, self.usage.value, *self._allowed))

    @property
    def _allowed(self) -> list[str]:
        return sorted(allowance.value for allowance in self.allows)

    def scope(self, faults: FaultModel) -> Scope:
        """Return the scope of its device model under a fault model."""
        config = Config(
            rollback=self.build.rollback,
            anti_rollback=self.build.anti_rollback,
            app_release=self.release,
            bootloader_release=self.release,
        )
        scope = Scope(config, has_factory=self.build.has_factory, faults=faults, usage=self.usage, versions=VERSIONS)
        return replace(scope, allows=self.allows)

    @property
    def options(self) -> str:
        """The command-line options that select it, without the fault model."""
        flags = ["--rollback" if self.build.rollback else "--no-rollback"]
        flags += [f"--anti-rollback --versions {VERSIONS}"] if self.build.anti_rollback else []
        flags += ["--factory"] if self.build.has_factory else []
        flags += [f"--idf {release_name(self.release.point)}", f"--usage {self.usage.value}"]
        return " ".join([*flags, *(f"--allow {name}" for name in self._allowed)])


def spec_scopes() -> Iterator[SpecScope]:
    """Yield every configuration, in the order of the tables."""
    for usage in USAGES:
        for build in BUILDS:
            for release in RELEASES:
                yield SpecScope(build, release, usage)


BEYOND: dict[str, tuple[Usage, frozenset[Allowance]]] = {
    "C23": (Usage.ANY, frozenset()),
    "C26": (Usage.DOCUMENTED, frozenset({Allowance.FAILING_FLASH})),
}
"""The claims about what no configuration of the tables has, each with the usage and allowances that have it."""


def scopes_beyond(claim_id: str) -> Iterator[SpecScope]:
    """Yield the configurations that such a claim is decided for."""
    usage, allows = BEYOND[claim_id]
    for build in BUILDS:
        for release in RELEASES:
            yield SpecScope(build, release, usage, allows)


def releases_label(release: Release) -> str:
    """Return the releases that share a model with this one, such as "4.4, 5.1"."""
    return ", ".join(known.label for known in RELEASES[release])
