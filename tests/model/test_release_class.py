"""The releases that come to one device model: found from its terms, and the same for any device that has them."""

from dataclasses import replace

import pytest

from otaproof.model.config import Config, Release
from otaproof.model.device.release_class import model_terms, representative
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel

BUILDS = (
    Config(),
    Config(rollback=True),
    Config(rollback=True, anti_rollback=True),
    Config(skip_validate_in_deep_sleep=True),
    Config(rollback=True, anti_rollback=True, skip_validate_in_deep_sleep=True),
)
SLEEPER = BUILDS[-1]


def name(config: Config) -> str:
    """Return the name of a build."""
    options = ("rollback", "anti_rollback", "skip_validate_in_deep_sleep")
    return "-".join(option for option in options if getattr(config, option)) or "plain"


def with_releases(config: Config, app: Release, bootloader: Release) -> Config:
    """Return the configuration with these releases."""
    return replace(config, app_release=app, bootloader_release=bootloader)


def pairs(config: Config) -> list[Config]:
    """Return the configuration with every pair of releases."""
    return [with_releases(config, app, bootloader) for app in Release for bootloader in Release]


OTHER_SCOPES = (
    *(Scope(config, 4, has_factory=True, usage=Usage.RESTART_AT_ONCE) for config in BUILDS),
    Scope(SLEEPER, 1, has_factory=True, faults=FaultModel.F3),
    Scope(SLEEPER, 3),
)


@pytest.mark.parametrize("scope", OTHER_SCOPES, ids=lambda scope: f"{scope.slots}-{name(scope.config)}")
def test_representative_has_the_same_terms(scope: Scope) -> None:
    """Also with other slots, usages and faults than those that are compared."""
    for pair in pairs(scope.config):
        assert model_terms(replace(scope, config=pair)) == model_terms(replace(scope, config=representative(pair)))


@pytest.mark.parametrize("config", BUILDS, ids=name)
def test_representatives_differ_from_each_other(config: Config) -> None:
    """Two classes are two models, and each stands for itself."""
    found = {representative(pair) for pair in pairs(config)}
    assert len(found) == len({model_terms(Scope(config=one)) for one in found})
    assert found == {representative(one) for one in found}


@pytest.mark.parametrize(
    ("config", "app", "bootloader", "expected"),
    [
        (BUILDS[1], Release.V4_4, Release.V6_1, (Release.V5_1, Release.V5_1)),
        (BUILDS[1], Release.V6_2_DEV, Release.V4_4, (Release.V6_2_DEV, Release.V6_2_DEV)),
        (BUILDS[0], Release.V6_2_DEV, Release.V4_4, (Release.V6_1, Release.V6_1)),
        (BUILDS[0], Release.V5_5, Release.V5_5, (Release.V5_5, Release.V5_5)),
        (BUILDS[0], Release.V4_4, Release.V5_5, (Release.V5_1, Release.V5_1)),
        (SLEEPER, Release.V6_0, Release.V4_4, (Release.V6_0, Release.V5_1)),
        (SLEEPER, Release.V6_0, Release.V6_2_DEV, (Release.V6_0, Release.V6_0)),
        (SLEEPER, Release.V4_4, Release.V6_1, (Release.V5_1, Release.V5_5)),
    ],
)
def test_each_side_has_its_own_representative(
    config: Config, app: Release, bootloader: Release, expected: tuple[Release, Release]
) -> None:
    """The bootloader's release counts only where it starts an image without a look at it."""
    found = representative(with_releases(config, app, bootloader))
    assert expected == (found.app_release, found.bootloader_release)
