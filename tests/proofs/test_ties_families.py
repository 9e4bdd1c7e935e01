"""A family is one model at every number of slots that it speaks for, though two and three alone are compared."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

import pytest

from otaproof.model.config import Config
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.prover import configurations
from otaproof.proofs.prover.configurations import SLOT_COUNTS, Family, families, with_release


@cache
def plain() -> tuple[Family, ...]:
    """Return the families of one configuration."""
    return tuple(configurations._families(Scope(Config(), faults=FaultModel.F0)))


def torn_apart(found: Iterable[Family], slots: int) -> Iterator[str]:
    """Yield the families whose releases come to several models with so many slots."""
    for family in found:
        scopes = (with_release(replace(family.scope, slots=slots), release) for release in family.releases)
        if len(set(map(configurations.shape, scopes))) > 1:
            yield str(family.scope)


def test_families_are_told_equal_with_the_most_slots() -> None:
    """Terms are compared, which are one object where they are equal."""
    assert [] == list(torn_apart(plain(), SLOT_COUNTS[-1]))


@pytest.mark.slow
@pytest.mark.parametrize("faults", [FaultModel.F1, FaultModel.F3])
@pytest.mark.parametrize("slots", SLOT_COUNTS)
def test_families_are_told_equal_with_any_number_of_slots(slots: int, faults: FaultModel) -> None:
    """Of every usage."""
    assert [] == list(torn_apart(families(faults, tuple(Usage), 3), slots))


def test_rule_that_two_and_three_slots_do_not_show_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that does otherwise from nine slots on."""
    right = configurations.shape

    def wrong(scope: Scope) -> tuple[object, ...]:
        return (*right(scope), scope.config.app_release if scope.slots > 8 else None)

    monkeypatch.setattr(configurations, "shape", wrong)
    assert [] == list(torn_apart(plain(), 3))
    assert len([family for family in plain() if len(family.releases) > 1]) == len(list(torn_apart(plain(), 9)))
