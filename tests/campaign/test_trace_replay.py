"""The device model against the board: traces of every kind, played and compared after every operation."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from model_traces import first_takes, random_walk

from otaproof.campaign.history.history_replay import is_confirmed, replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.player import Player, StepOutcome
from otaproof.campaign.history.step import Step, StepName
from otaproof.campaign.lockstep.divergence import Divergence
from otaproof.campaign.lockstep.torn_bytes import classes_of, find_torn, leaves
from otaproof.campaign.lockstep.trace_replay import TraceWalker, confirm, token_of_trace
from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.chip.flash import FlashOpKind
from otaproof.impl.otadata import SelectEntry, encode_entry, make_entry
from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.config import Chip, Config, Release
from otaproof.model.device.api_calls import RESUME_FROM
from otaproof.model.device.record_tears import erased_tears, programmed_tears
from otaproof.model.device.records import Check, Word
from otaproof.model.device.state import CHIPS_WITHOUT_RTC_FAST_MEMORY, Ghost, Scope, Task, Usage
from otaproof.model.device.stepper import Stepper, stepper
from otaproof.model.device.stray_numbers import stray_named
from otaproof.model.fault_model import MODELLED_FAULTS, FaultModel
from otaproof.proofs.explicit.explorer import claims_of, explore_in_python, with_ghosts_of

ALL_GHOSTS = frozenset(Ghost)
MODES = ((False, False), (True, False), (True, True))
"""(rollback, anti_rollback)"""


def scope_of(
    release: Release,
    mode: tuple[bool, bool],
    usage: Usage = Usage.ANY,
    faults: FaultModel = FaultModel.F3,
    slots: int = 2,
    has_factory: bool = False,
    sleeps: bool = False,
) -> Scope:
    """Return a scope with all ghosts."""
    config = Config(
        rollback=mode[0],
        anti_rollback=mode[1],
        app_release=release,
        bootloader_release=release,
        skip_validate_in_deep_sleep=sleeps,
    )
    return Scope(config, slots, has_factory, faults, usage, ghosts=ALL_GHOSTS)


MATRIX = [scope_of(*parts) for parts in product(Release, MODES, Usage, MODELLED_FAULTS, (2, 3), (False, True))]
SOME = [MATRIX[48 * number + (7 * number + 5) % 48] for number in range(12)]
"""Every release twice, and of all else a bit of each."""


def name_of(scope: Scope) -> str:
    """Return a scope in a word."""
    config = scope.config
    mode = "anti" if config.anti_rollback else "rollback" if config.rollback else "plain"
    factory = "+factory" if scope.has_factory else ""
    return f"{config.app_release.label}-{mode}-{scope.usage.value}-{scope.faults.name}-{scope.slots}{factory}"


def shortest_traces(scope: Scope, limit: int) -> dict[str, tuple[str, ...]]:
    """Return the actions of a shortest trace for every claim that a search finds broken; limit: states."""
    claims = claims_of(scope)
    found = explore_in_python(with_ghosts_of(scope, claims), claims, most=limit, until_broken=True)
    return {claim_id: trace.actions for claim_id, trace in found.violations.items()}


def check_shortest_traces(scope: Scope, limit: int) -> None:
    """Search the shortest trace for every claim, and let the board confirm each that is found."""
    for claim_id, names in shortest_traces(scope, limit).items():
        confirmation = confirm(scope, names, claim_id)
        assert confirmation.is_confirmed, f"{claim_id}: {confirmation.text}: {' '.join(names)}"


@pytest.mark.parametrize("scope", SOME, ids=name_of)
def test_board_confirms_the_shortest_refutation_of_every_claim(scope: Scope) -> None:
    """A refutation that the board cannot replay is a bug in us."""
    check_shortest_traces(scope, 6_000)


@pytest.mark.slow
@pytest.mark.parametrize("scope", MATRIX, ids=name_of)
def test_board_confirms_the_shortest_refutation_of_every_claim_everywhere(scope: Scope) -> None:
    """The same over the whole matrix, and further into it."""
    check_shortest_traces(scope, 20_000)


COVERING = [
    scope_of(Release.V5_1, (True, True), has_factory=True, sleeps=True),
    scope_of(Release.V5_5, (True, False), slots=3),
    scope_of(Release.V6_1, (True, False)),
    scope_of(Release.V6_2_DEV, (True, True), faults=FaultModel.F1),
    scope_of(Release.V6_0, (False, False), Usage.RESTART_AT_ONCE),
    scope_of(Release.V4_4, (True, True), Usage.RESTART_AT_ONCE, has_factory=True),
]
"""Among them these take every action that there is."""


@pytest.mark.parametrize("scope", COVERING, ids=name_of)
@pytest.mark.thorough
def test_board_goes_the_way_of_every_action(scope: Scope) -> None:
    """Each is taken at the end of a shortest trace.

    The model has a stray of every order; which orders there are depends on numbers that it does not have. So of some
    strays the board has none in the shortest trace, and says so; of most it has one."""
    stray_takes = []
    for name, names in first_takes(scope).items():
        divergence = confirm(scope, names, "C1").divergence
        if any(stray_named(taken) for taken in names):
            assert divergence is None or "no tear of operation" in divergence, name
            stray_takes.append(divergence is None)
        else:
            assert divergence is None, name
    assert not stray_takes or sum(stray_takes) > len(stray_takes) / 2


def test_every_action_is_taken() -> None:
    """No action of the model goes without a comparison."""
    known = {action.name for scope in COVERING for action in stepper(replace(scope, ghosts=frozenset())).model.actions}
    assert known == {name for scope in COVERING for name in first_takes(scope)}


WHILE_RUNNING = {"C10", "C13", "C15"}
"""Claims on what a running application is told."""


def check_walk(scope: Scope, seed: int, length: int = 60) -> None:
    """Walk at random; compare flash and program after every operation, and all claims after every step."""
    model = stepper(scope)
    names = [action.name for action in random_walk(model, random.Random(seed), length)]
    walker = TraceWalker(scope, names)
    kept = {c.claim.id: c.kept_in(model.model) for c in DEVICE_CLAIMS}
    claim_ids = {known.claim.id for known in claims_of(scope)}
    for number, verdicts in enumerate(walker.play()):
        states = walker.segments[number].states
        task = model.as_dict(states[-1])["task"]
        if number == len(walker.segments) - 1 and task not in (Task.RUN, Task.OFF):
            break
        broken = {c for c in claim_ids for state in states if not model.value(kept[c], state)}
        seen = claim_ids & {verdict.claim_id for verdict in verdicts}
        if task != Task.RUN:
            seen -= WHILE_RUNNING
        assert broken == seen, f"{walker.history.steps[-1]}: {' '.join(names)}"
        if task == Task.RUN and scope.usage is Usage.ANY:
            check_refusals(model, states[-1], walker.player)


CALLS = {
    "commence": Step(StepName.COMMENCE),
    "write": Step(StepName.WRITE, length=100),
    "complete": Step(StepName.COMPLETE),
    "accept": Step(StepName.ACCEPT),
    "rollback": Step(StepName.ROLLBACK),
    "set_boot_factory": Step(StepName.SET_BOOT, label="factory"),
    "session_resume": Step(StepName.RESUME),
    "session_abort": Step(StepName.ABORT),
    "erase_last_boot": Step(StepName.ERASE_LAST_BOOT),
    "set_boot_ota_0": Step(StepName.SET_BOOT, label="ota_0"),
    "set_boot_ota_1": Step(StepName.SET_BOOT, label="ota_1"),
}


def check_refusals(model: Stepper, state: tuple[int, ...], player: Player) -> None:
    """Make, on copies of the board, every call that is no action of the model here: each has to be refused."""
    possible = [model.model.actions[number].name for number, _ in model.successors(state)]
    fields, config = model.as_dict(state), model.model.scope.config
    for name, step in CALLS.items():
        is_open = name == "write" and fields["session"]
        is_running = step.label == f"ota_{fields['running']}"
        is_missing = name == "session_resume" and config.app_release < RESUME_FROM
        if is_open or is_running or is_missing or any(action.startswith(name) for action in possible):
            continue
        played = player.fork().play(step)
        assert (StepOutcome.RAISED, ()) == (played.outcome, played.ops), f"{name} is refused by the model alone"


@pytest.mark.parametrize("scope", SOME, ids=name_of)
def test_board_and_model_agree_on_random_walks(scope: Scope) -> None:
    """On what lies on flash, what runs, which calls are refused, and which claims are broken."""
    for seed in range(6):
        check_walk(scope, seed)


@pytest.mark.slow
@pytest.mark.parametrize("scope", MATRIX[::5], ids=name_of)
def test_board_and_model_agree_on_many_random_walks(scope: Scope) -> None:
    """The same for longer."""
    for seed in range(40):
        check_walk(scope, seed, 120)


def records() -> Iterator[tuple[Check, Word, bytes]]:
    """Yield 32 bytes for every class of record."""
    states = {word: int(word) for word in Word} | {Word.UNDEFINED: 0xFFFFFFFF}
    for word, state in states.items():
        yield Check.RIGHT, word, encode_entry(make_entry(2, state))
        yield Check.WRONG, word, encode_entry(SelectEntry(2, state, 0xFFFFFFFF))
        yield Check.EMPTY, word, encode_entry(SelectEntry(0xFFFFFFFF, state, 0xFFFFFFFF))


@pytest.mark.parametrize("fault", MODELLED_FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("kind", FlashOpKind, ids=lambda kind: kind.name)
def test_every_tear_of_the_model_is_found_and_no_other(kind: FlashOpKind, fault: FaultModel) -> None:
    """For each class of record, and each class that a tear can leave of it."""
    blank = b"\xff" * 32
    for check, word, entry in records():
        before, after = (blank, entry) if kind is FlashOpKind.PROGRAM else (entry, blank)
        tears = programmed_tears if kind is FlashOpKind.PROGRAM else erased_tears
        expected = tears(check, word, fault)
        for left in product(Check, Word):
            torn = find_torn(kind, before, after, *left, fault)
            assert (left in expected) == (torn is not None), f"{check.name} {word.name} leaves {left}: {torn}"
            if torn is not None:
                assert torn.weakest_model <= fault
                assert left == classes_of(leaves(torn, kind, before, after))


PLAIN = scope_of(Release.V5_1, (True, False), Usage.RESTART_AT_ONCE, FaultModel.F0)
LOST_TRIAL = shortest_traces(PLAIN, 30_000)["C4"]


def test_token_of_a_trace_plays_the_refutation() -> None:
    """Pasted into replay, it breaks the claim again."""
    token = decode_history_token(token_of_trace(PLAIN, LOST_TRIAL, "C4"))
    assert "C4" == token.shows
    assert is_confirmed(token, replay_history(token.history), "C4")
    assert FaultModel.F0 == token.history.weakest_model


def test_trace_that_keeps_the_claim_gets_no_token() -> None:
    """What the board does not break is no refutation."""
    with pytest.raises(Divergence, match="keeps C4"):
        token_of_trace(PLAIN, LOST_TRIAL[:-3], "C4")


def test_trace_that_cannot_be_taken_is_refused() -> None:
    """The scope is another one, or the trace was cut short."""
    with pytest.raises(ValueError, match="cannot be taken"):
        confirm(PLAIN, ("power_on", "accept"), "C4")


@pytest.mark.parametrize("field", ["record0_word", "record1_slot", "slot0_content", "running", "session"])
def test_a_model_that_says_otherwise_diverges(field: str) -> None:
    """The comparison can fail: every state after the first boot gets one wrong value."""
    walker = TraceWalker(PLAIN, LOST_TRIAL[: LOST_TRIAL.index("commence")])
    place = stepper(PLAIN).names.index(field)
    (segment,) = walker.segments
    wrong = list(segment.states[-1])
    wrong[place] ^= 1
    segment.states[-1] = tuple(wrong)
    with pytest.raises(Divergence):
        list(walker.play())


@pytest.mark.parametrize(
    "config",
    [
        Config(rollback=True, anti_rollback=True, skip_validate_on_power_on=True),
        Config(skip_validate_in_deep_sleep=True, chip=Chip.ESP32C2),
        Config(rollback=True, anti_rollback=True, secure_version_bits=1),
    ],
    ids=["power-on", "C2", "bits"],
)
def test_configuration_of_which_the_model_says_something_else_is_no_scope(config: Config) -> None:
    """The board resets and validates then, wakes another image, or has no room for the version."""
    with pytest.raises(ValueError, match=r"model|eFuse bits"):
        Scope(config)


def test_model_and_board_know_the_same_chips_without_rtc_fast_memory() -> None:
    """They wake otherwise."""
    assert set(CHIPS_WITHOUT_RTC_FAST_MEMORY) == {chip for chip in Chip if not CHIPS[chip].has_rtc_fast_memory}
