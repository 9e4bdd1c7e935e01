"""Claims of the user's own: swept, proved and refuted; what is none is refused in one line."""

from collections.abc import Callable

import pytest

from otaproof import analysis
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import decode_token, dut_of_token
from otaproof.cli.main import main
from otaproof.library.boards import Config, InputError
from otaproof.library.claims import (
    Bool,
    Device,
    DeviceModel,
    Harm,
    Observation,
    OwnClaim,
    Scope,
    Task,
    all_of,
    is_slot,
    slot_at,
)
from otaproof.library.faults import FaultModel
from otaproof.library.prover import Usage
from otaproof.model.device.state import Ghost
from worlds import small_world

SCOPE = Scope(Config(rollback=True), faults=FaultModel.F1, usage=Usage.DOCUMENTED)


def boots_whole(after: Observation) -> bool:
    """A whole image starts."""
    return after.future.boot.image is not None


def runs_whole(scope: Scope, device: Device) -> Bool:
    """The same, of every state of the model."""
    is_whole = slot_at(device, device.running).is_complete
    return ((device.task == Task.RUN) & is_slot(scope, device.running)).implies(is_whole)


def boots_accepted(after: Observation) -> bool:
    """What starts was accepted or provisioned."""
    return after.future.boot.partition in after.earned


def runs_accepted(scope: Scope, device: Device) -> Bool:
    """The same, of every state of the model; it reads a ghost variable."""
    has_earned = slot_at(device, device.running).is_earned
    return ((device.task == Task.RUN) & is_slot(scope, device.running)).implies(has_earned)


WHOLE = OwnClaim(id="X1", sentence="What runs is a whole image.", on_board=boots_whole, in_model=runs_whole)
ACCEPTED = OwnClaim(
    id="ACME-7",
    sentence="Only what was accepted runs.",
    on_board=boots_accepted,
    in_model=runs_accepted,
    harm=Harm.WRONG_IMAGE,
)


def test_own_claims_are_proved_and_refuted() -> None:
    """The one holds in every history; of the other there is a trace, which the board plays."""
    whole, accepted = analysis.prove(SCOPE, [WHOLE, ACCEPTED]).claims
    assert ("X1", "proved", "unsat", "unsat") == (whole.id, whole.verdict, whole.solver, whole.second_solver)
    assert ("ACME-7", "refuted", "sat", "sat") == (
        accepted.id,
        accepted.verdict,
        accepted.solver,
        accepted.second_solver,
    )
    assert "ota_1 starts" in accepted.sentences[-1] and "under test" in accepted.sentences[-1]
    assert accepted.token is not None and accepted.divergence is None
    assert "ota_1" == replay_history(decode_history_token(accepted.token).history).running


def test_own_claims_are_swept() -> None:
    """With the token of a cut after which the claim is broken, and what is proved of every history."""
    result = analysis.check(small_world(rollback=True), FaultModel.F0, claims=[WHOLE, ACCEPTED])
    whole, accepted = result.claims["X1"], result.claims["ACME-7"]
    assert ("holds", "proved") == (whole.verdict, whole.proof and whole.proof.verdict)
    assert ("violated", "wrong image") == (accepted.verdict, accepted.severity)
    assert "refuted" == (accepted.proof and accepted.proof.verdict)
    assert "the next power-on starts ota_1" == accepted.then
    assert accepted.token is not None
    token = decode_token(accepted.token)
    played = replay(token, dut_of_token(token))
    assert (None, False) == (played.is_claim_kept, boots_accepted(played.observation))
    assert "violated" == result.claims["C4"].verdict


def test_token_of_an_own_claim_is_played_and_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    """A token carries no Python; the exit code says that nothing was decided."""
    result = analysis.check(small_world(rollback=True), FaultModel.F0, with_proofs=False, claims=[ACCEPTED])
    token = result.claims["ACME-7"].token
    assert token is not None
    assert 3 == main(["replay", token])
    printed = capsys.readouterr().out
    assert "ACME-7 is a claim of your own: the cut is played, and not judged" in printed
    assert "power_on(): ota_1 boots" in printed


def test_premise_of_the_board_counts() -> None:
    """What it leaves out breaks nothing."""
    claim = OwnClaim(
        id="X2",
        sentence="After accept() the accepted image runs.",
        when=lambda after: after.accepted is not None,
        on_board=boots_accepted,
    )
    result = analysis.check(small_world(rollback=True), FaultModel.F0, with_proofs=False, claims=[claim])
    assert "holds" == result.claims["X2"].verdict
    assert result.claims["X2"].proof is None


def test_claim_of_what_the_device_lacks_is_not_applicable() -> None:
    """By the same words as the claims of otaproof."""
    claim = OwnClaim(id="X3", sentence="Never.", on_board=lambda after: False, needs_anti_rollback=True)
    result = analysis.check(small_world(rollback=True), FaultModel.F0, with_proofs=False, claims=[claim])
    assert "not applicable" == result.claims["X3"].verdict


def test_claim_over_effects_is_proved() -> None:
    """Of a state and what each action makes of it: no call but commence() and write() changes what a slot holds."""

    def keeps_slots(model: DeviceModel) -> Bool:
        return all_of(
            model.guard(action).implies(old.content == new.content)
            for action in model.actions
            if Task.ACCEPT in action.tasks
            for old, new in zip(model.device.slots, action.then.slots, strict=True)
        )

    claim = OwnClaim(id="X4", sentence="accept() leaves the slots alone.", of_effects=keeps_slots)
    assert ["proved"] == [found.verdict for found in analysis.prove(SCOPE, [claim]).claims]


def test_ghost_variables_that_a_term_reads_are_found() -> None:
    """So nobody has to name them."""
    claims = WHOLE.device_claim(SCOPE), ACCEPTED.device_claim(SCOPE)
    assert [frozenset(), frozenset({Ghost.EARNED})] == [claim.ghosts for claim in claims if claim is not None]


def test_own_and_known_claims_are_asked_together() -> None:
    """The user's own come last."""
    found = analysis.prove(SCOPE, ["C2", WHOLE, "C1"]).claims
    assert ["C1", "C2", "X1"] == [claim.id for claim in found]
    assert found["C2"].verdict == "refuted"


def test_readings_that_disagree_are_refused() -> None:
    """The model's is proved of every history, and the board's is broken: one of the two is not what the other is."""
    claim = OwnClaim(id="X5", sentence="Two things.", on_board=boots_accepted, in_model=runs_whole)
    with pytest.raises(InputError, match=r"^claim X5: its readings disagree: .*cut inside .*; otaproof replay otp1\."):
        analysis.check(small_world(rollback=True), FaultModel.F0, claims=[claim])


def test_premise_of_the_model_counts_and_is_searched_for() -> None:
    """What it leaves out breaks nothing, and a premise that is never met is told."""

    def is_accepted(scope: Scope, device: Device) -> Bool:
        return slot_at(device, device.running).is_earned

    def two_run(scope: Scope, device: Device) -> Bool:
        return (device.running == 0) & (device.running == 1)

    def never(scope: Scope, device: Device) -> Bool:
        return device.task != device.task

    claims = [
        OwnClaim(id="MET", sentence="It was accepted.", in_model=runs_accepted, when_in_model=is_accepted),
        OwnClaim(id="UNMET", sentence="Never.", in_model=never, when_in_model=two_run),
    ]
    met, unmet = analysis.prove(SCOPE, claims).claims
    assert ("proved", "proved") == (met.verdict, unmet.verdict)
    assert met.premise_depth is not None and "vacuous" not in met.method
    assert unmet.premise_depth is None and "possibly vacuous" in unmet.method


def test_premise_without_a_reading_is_refused() -> None:
    """In one line."""
    with pytest.raises(InputError, match=r"^claim X8: when_in_model is the premise of in_model; give in_model, too$"):
        OwnClaim(id="X8", sentence="No.", on_board=boots_whole, when_in_model=runs_whole)


def no_term(scope: Scope, device: Device) -> object:
    """Return what is no term."""
    return True


def pythons_and(scope: Scope, device: Device) -> object:
    """Use a word of Python, which terms refuse."""
    return (device.task == Task.RUN) and (device.running == 0)


@pytest.mark.parametrize(
    ("reading", "words"),
    [(no_term, "in_model returns 'True'; want a term"), (pythons_and, "TypeError: a term has no truth value here")],
)
def test_ill_formed_term_is_refused(reading: Callable[[Scope, Device], Bool], words: str) -> None:
    """In one line that names the claim."""
    with pytest.raises(InputError, match=f"^claim X6: .*{words}"):
        analysis.prove(SCOPE, [OwnClaim(id="X6", sentence="No.", in_model=reading)])


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (lambda after: None, "on_board returns 'None'; want True or False"),
        (lambda after: after.weather, "on_board raises AttributeError"),
    ],
)
def test_reading_that_fails_on_the_board_is_refused(reading: Callable[[Observation], bool], words: str) -> None:
    """In one line that names the claim."""
    claim = OwnClaim(id="X7", sentence="No.", on_board=reading)
    with pytest.raises(InputError, match=f"^claim X7: {words}"):
        analysis.check(small_world(rollback=True), FaultModel.F0, with_proofs=False, claims=[claim])


@pytest.mark.parametrize(
    ("id_", "words"),
    [("C2", "are the claims of otaproof"), ("C99", "are the claims of otaproof"), ("x1", "capitals"), ("", "capitals")],
)
def test_id_that_is_not_the_users_is_refused(id_: str, words: str) -> None:
    """C and a number stay otaproof's, also of later versions."""
    with pytest.raises(InputError, match=words):
        OwnClaim(id=id_, sentence="No.", on_board=boots_whole)


def test_claim_without_a_reading_or_a_sentence_is_refused() -> None:
    """Nothing could be asked, or said."""
    with pytest.raises(InputError, match="claim X8: has no reading; give on_board, in_model or both"):
        OwnClaim(id="X8", sentence="No.")
    with pytest.raises(InputError, match="claim X8: want a sentence, in one line"):
        OwnClaim(id="X8", sentence="One.\nTwo.", on_board=boots_whole)
    with pytest.raises(InputError, match="in_model or of_effects, not both"):
        OwnClaim(id="X8", sentence="No.", in_model=runs_whole, of_effects=lambda model: model.guard(model.actions[0]))


def test_two_claims_of_one_id_are_refused() -> None:
    """By check and by prove alike."""
    with pytest.raises(InputError, match="claim X1: there are two of this id"):
        analysis.prove(SCOPE, [WHOLE, WHOLE])
    with pytest.raises(InputError, match="claim X1: there are two of this id"):
        analysis.check(small_world(), claims=[WHOLE, WHOLE])


def test_claim_without_the_reading_that_is_asked_of_is_refused() -> None:
    """Rather than left out."""
    board_alone = OwnClaim(id="X9", sentence="No.", on_board=boots_whole)
    model_alone = OwnClaim(id="X9", sentence="No.", in_model=runs_whole)
    with pytest.raises(InputError, match="claim X9: has no reading of the model"):
        analysis.prove(SCOPE, [board_alone])
    with pytest.raises(InputError, match="claim X9: has no reading on the board"):
        analysis.check(small_world(), claims=[model_alone])
    with pytest.raises(InputError, match="'C77' is none of C1 … C26"):
        analysis.prove(SCOPE, ["C77"])
