"""The pins of factory reset and test app: model and board agree, and what they break is a theorem (R33)."""

from dataclasses import replace

import pytest
from model_traces import breaking_trace, first_takes

from otaproof.campaign.fuzz.findings import DIVERGENCE, run
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.history.history import History, SmallImage, upgrade
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import HistoryToken, decode_history_token, encode_history_token
from otaproof.campaign.history.player import StepOutcome
from otaproof.campaign.history.step import POWER_ON, Step, StepName
from otaproof.campaign.lockstep.trace_replay import confirm, device_of_scope
from otaproof.impl.bootloader import Bootloader
from otaproof.model.claims.left_out import LEFT_OUT, left_out
from otaproof.model.claims.state_claims import DeviceClaim
from otaproof.model.config import Config, Pin, Release, ResetReason
from otaproof.model.device.action import Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.search import DeviceSearch
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import claims_of

PINS = frozenset({Allowance.PINS})


def scope_of(release: Release, erases: bool, rollback: bool = True, usage: Usage = Usage.RESTART_AT_ONCE) -> Scope:
    """Return a scope of two slots, F0, whose pins can be held; erases: a factory reset erases otadata."""
    config = Config(
        rollback=rollback, app_release=release, bootloader_release=release, factory_reset_erases_otadata=erases
    )
    return Scope(config, 2, False, FaultModel.F0, usage, ghosts=frozenset(Ghost), allows=PINS)


BROKEN = ("C2", "C10", "C14")


@pytest.mark.parametrize("claim_id", BROKEN)
def test_factory_reset_that_erases_otadata_breaks_what_holds_without_pins(claim_id: str) -> None:
    """With the record goes what kept the unfinished image from starting; the board confirms it."""
    scope = scope_of(Release.V6_1, erases=True)
    assert breaking_trace(replace(scope, allows=frozenset()), claim_id) is None
    trace = breaking_trace(scope, claim_id)
    assert trace is not None
    assert "hold_factory_reset" in trace
    assert confirm(scope, trace, claim_id).is_confirmed


def test_what_is_left_out_says_what_it_breaks() -> None:
    """No more and no less than the theorems above; where it is allowed, it is not left out."""
    (row,) = (row for row in LEFT_OUT if row.allowance is Allowance.PINS)
    assert BROKEN == row.breaks
    assert row in list(left_out(FaultModel.F3, Usage.ANY))
    assert row not in list(left_out(FaultModel.F3, Usage.ANY, PINS))


def fewest_cuts(scope: Scope, claim: DeviceClaim) -> int | None:
    """Return how many power cuts it takes to break a claim."""
    steps = stepper(replace(scope, ghosts=claim.ghosts))
    kept = claim.kept_in(steps.model)
    is_cut = [action.kind is Kind.CUT for action in steps.model.actions]
    search = DeviceSearch(steps, is_costly=lambda action, before: is_cut[action])
    return next((search.costs[place] for place, state in enumerate(search) if not steps.value(kept, state)), None)


@pytest.mark.parametrize("release", [Release.V5_1, Release.V6_1], ids=lambda release: release.label)
def test_factory_reset_uses_up_the_boot_of_a_new_image_without_a_cut(release: Release) -> None:
    """R33: NEW becomes ABORTED in one reset, and the image never ran; without pins it takes a power cut."""
    scope = scope_of(release, erases=False)
    (claim,) = (claim for claim in claims_of(scope) if claim.claim.id == "C4")
    assert (0, 1) == tuple(fewest_cuts(replace(scope, allows=allows), claim) for allows in (PINS, frozenset()))
    names = (
        "power_on boot_starts fresh_erases fresh_programs image_begins commence commence_erases write_first write_rest "
        "complete complete_erases complete_programs hold_factory_reset boot_tries_new try_erases try_programs "
        "boot_aborts abort_erases abort_programs boot_starts"
    )
    assert confirm(scope, names.split(), "C4").is_confirmed


SCOPES = {
    "5.1": scope_of(Release.V5_1, erases=False, usage=Usage.ANY),
    "5.1, erasing": scope_of(Release.V5_1, erases=True, usage=Usage.ANY),
    "6.1, erasing, with failures": replace(
        scope_of(Release.V6_1, erases=True), has_factory=True, allows=PINS | {Allowance.FAILING_FLASH}
    ),
    "6.0 without rollback": scope_of(Release.V6_0, erases=True, rollback=False, usage=Usage.DOCUMENTED),
}


@pytest.mark.parametrize("name", SCOPES)
def test_board_goes_the_way_of_every_action(name: str) -> None:
    """Each is taken at the end of a shortest trace, those of the pins among them."""
    taken = first_takes(SCOPES[name])
    assert {action.name for action in stepper(SCOPES[name]).model.actions if action.kind is Kind.PIN} <= set(taken)
    for action, names in taken.items():
        assert confirm(SCOPES[name], names, "C1").divergence is None, action


def test_pins_with_anti_rollback_are_refused() -> None:
    """They are left out."""
    with pytest.raises(ValueError, match="without anti-rollback"):
        Scope(Config(rollback=True, anti_rollback=True), allows=PINS)


def diverges(runs: int) -> bool:
    """Tell whether random histories with pins, and operations that fail, show a divergence."""
    worlds = Worlds(
        app_version=Release.V5_5.point, bootloader_version=Release.V5_5.point, allows=PINS | {Allowance.FAILING_FLASH}
    )
    return any(finding.claim_id == DIVERGENCE for index in range(runs) for finding in run(5, index, worlds).findings)


def test_the_board_as_it_is_does_not_diverge() -> None:
    """What the mutants below are measured against."""
    assert not diverges(100)


BOARD_MUTANTS = {
    "nothing is erased": ("_erase_data_partitions", lambda self: None),
    "the test pin boots what is selected": (
        "_load_test_app",
        lambda self, state, reason: self._load_boot_image(state, self._select(state), reason),
    ),
}


@pytest.mark.parametrize("name", BOARD_MUTANTS)
def test_wrong_board_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A board that does otherwise with a pin held diverges from the model."""
    attribute, wrong = BOARD_MUTANTS[name]
    monkeypatch.setattr(Bootloader, attribute, wrong)
    assert diverges(200)


def test_token_keeps_the_pin_and_replay_tells_it() -> None:
    """Held at a reset, with the reason of the reset."""
    held = Step(StepName.RESET, reason=ResetReason.SOFTWARE, pin=Pin.TEST_APP)
    scope = scope_of(Release.V5_1, erases=False)
    history = History(device_of_scope(scope), (SmallImage(1), SmallImage(2)), (POWER_ON, *upgrade(1), held))
    token = HistoryToken("", StepOutcome.NOTHING_BOOTS, None, history)
    assert token == decode_history_token(encode_history_token(token))
    assert "reset (software), test pin held: NOTHING BOOTS" == replay_history(history).steps[-1].text
