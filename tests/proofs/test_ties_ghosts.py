"""Ghost variables (history variables) watch and do not act: nothing that a device does depends on one."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

import pytest

from otaproof.model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from otaproof.model.config import Config, Release
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import DeviceModel, build_model, device_model
from otaproof.model.device.records import Numbers
from otaproof.model.device.state import Expectation, Ghost, Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import fields_of
from otaproof.proofs.prover.configurations import with_release

CONFIGS = (
    Config(skip_validate_in_deep_sleep=True),
    Config(rollback=True, skip_validate_in_deep_sleep=True),
    Config(rollback=True, anti_rollback=True, skip_validate_in_deep_sleep=True),
)
ALL = frozenset(Ghost)


def names_of(scope: Scope, ghosts: Iterable[Ghost]) -> frozenset[str]:
    """Return the names of the fields of a scope with these ghosts."""
    return frozenset(field.name for field in device_model(replace(scope, ghosts=frozenset(ghosts))).fields)


def ghost_fields(scope: Scope) -> dict[Ghost, frozenset[str]]:
    """Return by ghost the fields that the model has for it: device_of() alone decides."""
    plain = names_of(scope, ())
    return {ghost: names_of(scope, [ghost]) - plain for ghost in Ghost}


def ghosts_that_act(model: DeviceModel) -> Iterator[str]:
    """Yield what reads a ghost and must not: a guard, or an effect on what is no ghost."""
    ghosts = frozenset[str]().union(*ghost_fields(model.scope).values())
    for action in model.actions:
        if fields_of(model.guard(action)) & ghosts:
            yield f"{action.name}: its guard"
        for name, effect in model.effects[action.name].items():
            if name not in ghosts and fields_of(effect) & ghosts:
                yield f"{action.name}: {name}"


@pytest.mark.parametrize("slots", [1, 2, 3])
@pytest.mark.parametrize("config", CONFIGS, ids=["plain", "rollback", "anti-rollback"])
def test_no_guard_reads_a_ghost(config: Config, slots: int) -> None:
    """Nor does an effect on what a device holds, under the rules of every release that has rules of its own."""
    for has_factory, usage, release in product((False, True), Usage, (Release.V5_1, Release.V5_5, Release.V6_1)):
        scope = Scope(config, slots, has_factory, FaultModel.F3, usage, ghosts=ALL, numbers=Numbers.EXACT)
        assert [] == list(ghosts_that_act(build_model(with_release(scope, release)))), (usage, release, has_factory)


BEYOND = {
    "failing flash": Scope(Config(rollback=True), allows=frozenset({Allowance.FAILING_FLASH})),
    "pins": Scope(Config(rollback=True), has_factory=True, allows=frozenset({Allowance.PINS})),
    "other writers": Scope(Config(rollback=True, anti_rollback=True), allows=frozenset({Allowance.OTHER_WRITERS})),
    "other records": Scope(Config(rollback=True, anti_rollback=True), allows=frozenset({Allowance.OTHER_RECORDS})),
    "end numbers": Scope(Config(rollback=True), allows=frozenset({Allowance.END_NUMBERS})),
    "never validates": Scope(Config(rollback=True, skip_validate_always=True)),
    "skips at power-on": Scope(Config(rollback=True, skip_validate_on_power_on=True)),
}
"""What a scope can allow, and builds that skip validation."""


def ghosts_that_act_in(name: str, release: Release, usage: Usage) -> list[str]:
    """Return what reads a ghost and must not."""
    scope = BEYOND[name]
    faults = FaultModel.F2 if scope.has_end_numbers else FaultModel.F3
    scope = replace(scope, faults=faults, usage=usage, ghosts=ALL, numbers=Numbers.EXACT)
    return list(ghosts_that_act(build_model(with_release(scope, release))))


@pytest.mark.parametrize("release", [Release.V6_0, Release.V6_2_DEV], ids=lambda release: release.label)
@pytest.mark.parametrize("name", BEYOND)
def test_no_guard_reads_a_ghost_beyond_the_plain_scopes(name: str, release: Release) -> None:
    """Nor an effect, with an allowance, or where validation is skipped."""
    assert [] == ghosts_that_act_in(name, release, Usage.DOCUMENTED)


@pytest.mark.slow
@pytest.mark.parametrize("usage", Usage, ids=lambda usage: usage.value)
@pytest.mark.parametrize("release", Release, ids=lambda release: release.label)
@pytest.mark.parametrize("name", BEYOND)
def test_no_guard_reads_a_ghost_in_any_usage_and_release(name: str, release: Release, usage: Usage) -> None:
    """The same for all of them."""
    assert [] == ghosts_that_act_in(name, release, usage)


@pytest.mark.parametrize("slots", [2, 3])
@pytest.mark.parametrize("config", CONFIGS, ids=["plain", "rollback", "anti-rollback"])
def test_model_without_ghosts_does_the_same(config: Config, slots: int) -> None:
    """Guards, and effects on what is no ghost, are the same terms with all ghosts and with none."""
    scope = Scope(config, slots, faults=FaultModel.F3, numbers=Numbers.EXACT)
    watched, plain = (device_model(replace(scope, ghosts=ghosts)) for ghosts in (ALL, frozenset[Ghost]()))
    assert [a.name for a in watched.actions] == [a.name for a in plain.actions]
    names = {field.name for field in plain.fields}
    for left, right in zip(watched.actions, plain.actions, strict=True):
        assert watched.guard(left) is plain.guard(right)
        effects = {name: id(term) for name, term in watched.effects[left.name].items() if name in names}
        assert effects == {name: id(term) for name, term in plain.effects[right.name].items()}


def test_every_ghost_has_fields_of_its_own() -> None:
    """No two share one, and together they are all that the model has for ghosts."""
    scope = Scope(Config(rollback=True))
    found = ghost_fields(scope)
    assert all(found.values())
    assert sum(map(len, found.values())) == len(names_of(scope, Ghost) - names_of(scope, ()))


@pytest.mark.parametrize("item", DEVICE_CLAIMS, ids=lambda item: item.claim.id)
def test_claim_reads_no_ghost_but_its_own(item: DeviceClaim) -> None:
    """Else a model with its ghosts alone would have a constant there."""
    config = Config(rollback=True, anti_rollback=True)
    scope = Scope(config, has_factory=True, faults=FaultModel.F3, numbers=Numbers.EXACT, ghosts=ALL)
    assert set() == fields_of(item.kept_in(device_model(scope))) - names_of(scope, item.ghosts)


def test_guard_that_reads_a_ghost_is_noticed() -> None:
    """And an effect that does."""
    right = build_model(Scope(Config(rollback=True), ghosts=ALL))
    device = right.device

    def changed(name: str) -> Iterator[str]:
        for action in right.actions:
            if action.name != name:
                continue
            guarded = replace(action, when=action.when & (device.expectation != Expectation.TRIED))
            yield from ghosts_that_act(replace(right, actions=(guarded,)))
            moved = replace(action, then=replace(action.then, running=device.expected))
            yield from ghosts_that_act(replace(right, actions=(moved,)))

    assert ["commence: its guard", "commence: running"] == list(changed("commence"))
