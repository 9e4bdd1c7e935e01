"""Where the bootloader skips validation: the boot choice is what the boot actions do, and wrong ones are refuted."""

from dataclasses import replace

import pytest

from otaproof.model.config import Config, Release, SkipValidation
from otaproof.model.device import selection
from otaproof.model.device.action import Action
from otaproof.model.device.model import device_model
from otaproof.model.device.records import Numbers
from otaproof.model.device.state import Device, Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import Num, fact
from otaproof.proofs.prover.configurations import families
from otaproof.proofs.prover.mutants import with_changes
from otaproof.proofs.refinement import boot_choice_smt
from otaproof.proofs.refinement.boot_choice_smt import boot_condition, boot_question, premises_of
from otaproof.proofs.smt.lemma import LemmaVerdict, prove_condition

ALWAYS, ON_POWER_ON = frozenset({SkipValidation.ALWAYS}), frozenset({SkipValidation.ON_POWER_ON})
BURNING = Config(rollback=True, anti_rollback=True)
CONFIGS = {
    "always": Config().skipping(ALWAYS),
    "always, rollback": Config(rollback=True).skipping(ALWAYS),
    "always, anti-rollback": BURNING.skipping(ALWAYS),
    "always, anti-rollback, 5.5": replace(BURNING, bootloader_release=Release.V5_5).skipping(ALWAYS),
    "power-on": Config().skipping(ON_POWER_ON),
    "power-on, rollback": Config(rollback=True).skipping(ON_POWER_ON),
}


@pytest.mark.parametrize("has_factory", [False, True])
@pytest.mark.parametrize("name", CONFIGS)
def test_boot_choice_is_what_the_boot_actions_do(name: str, has_factory: bool) -> None:
    """By both solvers, for three slots."""
    assert LemmaVerdict.HOLDS == prove_condition(boot_question(Scope(CONFIGS[name], 3, has_factory))).verdict


def answers(scope: Scope, changes: dict[str, object]) -> set[str]:
    """Return what both solvers find of a device with some actions changed."""
    right = device_model(replace(scope, ghosts=frozenset(), numbers=Numbers.EXACT))
    model = with_changes(right, changes)  # type: ignore[arg-type]  # functions, each for its action
    return set(boot_condition(model, premises_of(model).values()).answers().values())


@pytest.mark.parametrize("name", ["always", "power-on, rollback"])
def test_choice_that_validates_is_refuted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of the same build without the option."""

    def validating(scope: Scope, device: Device) -> Num:
        return selection.boot_choice(replace(scope, config=Config(rollback=scope.config.rollback)), device)

    monkeypatch.setattr(boot_choice_smt, "boot_choice", validating)
    assert {"sat"} == answers(Scope(CONFIGS[name]), {})


def test_power_on_that_is_not_noted_is_refuted() -> None:
    """The bootloader then validates as after any other reset."""

    def unnoted(_: Scope, __: Device, action: Action) -> Action:
        return replace(action, then=replace(action.then, is_power_on=fact(False)))

    scope = Scope(CONFIGS["power-on"])
    assert {"unsat"} == answers(scope, {})
    assert {"sat"} == answers(scope, {"power_on": unnoted})


@pytest.mark.thorough
def test_families_go_by_the_rules_of_skipped_validation() -> None:
    """The oldest release of each family; 6.2 looks at the first byte. Anti-rollback is left out at a power-on alone."""
    found = list(families(FaultModel.F1, (Usage.DOCUMENTED,), 2, skips=ON_POWER_ON))
    assert found
    assert not any(family.scope.config.anti_rollback for family in found)
    assert all(family.scope.skips_at_power_on_alone for family in found)
    newest = [family for family in found if family.releases[0] is Release.V6_2_DEV]
    assert len(newest) == 4
    checked = families(FaultModel.F1, (Usage.DOCUMENTED,), 2)
    assert not any(family.releases[0] is Release.V6_2_DEV for family in checked)
