"""Ranks tell what 32-bit numbers tell: of every action and claim of the two models; wrong ranks are refuted."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from otaproof.model.config import Config, Release
from otaproof.model.device import model as model_module
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import DeviceModel, build_model
from otaproof.model.device.records import Numbers, Record, Records, ranked
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import Num, choose, number
from otaproof.proofs.prover.configurations import with_release
from otaproof.proofs.refinement.ranking_quotient import LEMMAS, Ranking, RankingQuotient, quotient
from otaproof.proofs.smt.lemma import LemmaVerdict, prove_condition
from otaproof.proofs.smt.verification_condition import Solver

ALL = frozenset(Ghost)
ROLLBACK = Scope(Config(rollback=True), faults=FaultModel.F0, ghosts=ALL)
CONFIGS = (Config(), Config(rollback=True), Config(rollback=True, anti_rollback=True))
EVERYWHERE = [
    with_release(Scope(config, slots, has_factory, FaultModel.F3, usage, ghosts=ALL), release)
    for config, has_factory, usage, release in product(CONFIGS, (False, True), Usage, Release)
    for slots in (2, 3)
]
MANY = [replace(ROLLBACK, slots=slots, faults=FaultModel.F3) for slots in range(1, 17)]
QUICK = [
    with_release(replace(ROLLBACK, slots=1), Release.V6_1),
    replace(ROLLBACK, faults=FaultModel.F3),
    with_release(replace(ROLLBACK, slots=3, config=Config(), has_factory=True), Release.V6_0),
]
ENDS = [
    with_release(replace(ROLLBACK, faults=FaultModel.F2, allows=frozenset({Allowance.END_NUMBERS})), Release.V5_1),
    with_release(replace(ROLLBACK, faults=FaultModel.F1, has_factory=True, allows=frozenset(Allowance)), Release.V6_1),
    with_release(replace(ROLLBACK, config=Config(), allows=frozenset({Allowance.END_NUMBERS})), Release.V6_0),
]


def wrong_answers(model: RankingQuotient) -> list[str]:
    """Return the names of the questions that z3 answers otherwise than they need."""
    return [condition.name for condition in model.conditions() if not condition.is_met(Solver.Z3)]


def is_refuted(model: RankingQuotient) -> bool:
    """Tell whether z3 answers some question otherwise than it needs."""
    return not all(condition.is_met(Solver.Z3) for condition in model.conditions())


def check(scope: Scope) -> None:
    """Ask both solvers every question of a scope."""
    results = {prove_condition(condition) for condition in quotient(scope).conditions()}
    assert {LemmaVerdict.HOLDS} == {result.verdict for result in results}, results


@pytest.mark.parametrize("scope", QUICK, ids=range(len(QUICK)))
def test_ranks_tell_what_numbers_tell(scope: Scope) -> None:
    """One slot, two with strays, three with a factory."""
    check(scope)


@pytest.mark.slow
@pytest.mark.parametrize("scope", [*EVERYWHERE, *MANY], ids=range(len(EVERYWHERE) + len(MANY)))
def test_ranks_tell_what_numbers_tell_everywhere(scope: Scope) -> None:
    """In every configuration, and with any number of slots."""
    check(scope)


@pytest.mark.slow
@pytest.mark.parametrize("lemma", LEMMAS, ids=lambda lemma: lemma.name)
def test_lemma_holds(lemma: object) -> None:
    """As it stands on the page of the claims."""
    assert LemmaVerdict.HOLDS == lemma.prove().verdict  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("scope", ENDS, ids=range(len(ENDS)))
def test_ranks_tell_what_numbers_tell_at_the_ends_of_their_range(scope: Scope) -> None:
    """Number 0 and the last ones keep their value, and numbers wrap as they do."""
    check(scope)


def test_there_is_a_question_for_every_action_and_every_claim() -> None:
    """Nothing of the models is left out."""
    models = quotient(ROLLBACK)
    names = [condition.name for condition in models.conditions()]
    assert {f"rank_{action.name}" for action in models.exact.actions} <= set(names)
    assert {"rank_C1", "rank_C11", "rank_start", "rank_premise"} <= set(names)
    assert {action.name for action in models.exact.actions} == {action.name for action in models.by_rank.actions}


def one_lower(records: Records, slots: int) -> tuple[Num, Num]:
    """Off by one: the last of the first numbers counts as above."""
    return ranked(records, slots - 1)


def one_for_all_above(records: Records, slots: int) -> tuple[Num, Num]:
    """Two numbers above have no order."""

    def rank(record: Record) -> Num:
        return choose(record.is_right & (record.seq > slots), number(slots + 1), record.seq)

    return rank(records[0]), rank(records[1])


def second_of_equal_ones_higher(records: Records, slots: int) -> tuple[Num, Num]:
    """Of equal numbers above, the second counts as the greater."""
    first, second = ranked(records, slots)
    are_equal = (
        records[0].is_right & records[1].is_right & (records[0].seq == records[1].seq) & (records[0].seq > slots)
    )
    return first, choose(are_equal, number(slots + 2), second)


def the_wrong_way_round(records: Records, slots: int) -> tuple[Num, Num]:
    """The smaller of two numbers above counts as the greater."""
    first, second = ranked((replace(records[0], seq=records[1].seq), replace(records[1], seq=records[0].seq)), slots)
    are_above = records[0].is_right & records[1].is_right & (records[0].seq > slots) & (records[1].seq > slots)
    right = ranked(records, slots)
    return choose(are_above, first, right[0]), choose(are_above, second, right[1])


WRONG: tuple[Ranking, ...] = (one_lower, one_for_all_above, second_of_equal_ones_higher, the_wrong_way_round)


def with_ranking(ranking: Ranking, monkeypatch: pytest.MonkeyPatch) -> RankingQuotient:
    """Return the quotient of two slots, where model and abstraction rank like that."""
    exact = build_model(replace(ROLLBACK, numbers=Numbers.EXACT))
    monkeypatch.setattr(model_module, "ranked", lambda records, slots, below: ranking(records, slots))
    by_rank = build_model(replace(ROLLBACK, numbers=Numbers.RANKED))
    assert by_rank.effects  # made now, by the wrong ranks
    return RankingQuotient(exact, by_rank, ranking)


@pytest.mark.parametrize("ranking", WRONG, ids=lambda ranking: ranking.__name__)
def test_wrong_ranks_are_refuted(ranking: Ranking, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though model and abstraction agree on them."""
    assert is_refuted(with_ranking(ranking, monkeypatch))


@pytest.mark.parametrize("ranking", [*WRONG], ids=lambda ranking: ranking.__name__)
def test_model_that_ranks_otherwise_than_the_abstraction_is_refuted(
    ranking: Ranking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each action that writes a record or loses one would show it."""
    assert is_refuted(replace(with_ranking(ranking, monkeypatch), ranking=ranked))


Change = Callable[[DeviceModel], DeviceModel]


def without_action(model: DeviceModel) -> DeviceModel:
    """The ranked model has one action less."""
    return replace(model, actions=tuple(action for action in model.actions if action.name != "complete_erases"))


def with_wider_guard(model: DeviceModel) -> DeviceModel:
    """It can take one action more often."""
    actions = (replace(a, when=~a.when) if a.name == "boot_tries_new" else a for a in model.actions)
    return replace(model, actions=tuple(actions))


def without_effect(model: DeviceModel) -> DeviceModel:
    """One of its actions changes one field less."""
    slots = model.device.slots
    actions = (
        replace(a, then=replace(a.then, slots=slots)) if a.name == "commence_erases" else a for a in model.actions
    )
    return replace(model, actions=tuple(actions))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (without_action, "rank_complete_erases"),
        (with_wider_guard, "rank_boot_tries_new"),
        (without_effect, "rank_commence_erases"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_ranked_model_with_one_thing_wrong_is_refuted(change: Change, name: str) -> None:
    """By the question of that action, and no other."""
    right = quotient(ROLLBACK)
    assert [name] == wrong_answers(replace(right, by_rank=change(right.by_rank)))
