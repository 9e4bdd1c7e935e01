"""Ranked numbers tell all that the model asks of sequence numbers: a question for each action, over the model's terms.

Numbers.EXACT has 32-bit numbers, Numbers.RANKED the ranks of two of them (docs/decisions/0008). The abstraction maps a
state of the one model to a state of the other by the model's own `ranked`. Where an exact action can be taken, the
ranked one can be taken in the ranked state, and leads to the ranked state after it; where it cannot, neither can the
ranked one. So both models have the same histories, by the names of actions. A claim holds in a state exactly if it
holds in the ranked state.

What is known of the exact state is what PREMISES say, which are invariants: the prover shows that every history keeps
them. To them comes what makes a number one: a record with a right check word has one, a torn one may where the model
has strays and remembers it; 1 … n name slots 0 … n - 1, and equal numbers name the same slot. That a step preserves
this is asked with the step. And the numbers are far enough from the end of their range, which C12 is about.

An input is a field of the exact model alone, which no step determines. An exact action that reads one can have several
ranked ones, named after it; one of them has to do what it does. That each of them is an exact step for some input is
not asked: a counterexample is confirmed with 32-bit numbers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

from ...model.claims.state_claims import DeviceClaim
from ...model.config import Config
from ...model.device.action import Action
from ...model.device.calls import has_next_number
from ...model.device.device_fields import initial_device
from ...model.device.end_numbers import end_values, erased_number, first_of_last, slot_named
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Check, Numbers, Record, Records, ranked
from ...model.device.scope_text import scope_title
from ...model.device.state import Device, Ghost, Scope
from ...model.terms.terms import Bool, Num, Term, all_of, any_of, choose, fact, fields_of, number, replaced, table
from ..explicit.explorer import claims_of
from ..invariants.call_invariants import (
    complete_rewrites_its_sector,
    set_boot_is_of_a_whole_slot,
    set_boot_rewrites_its_sector,
)
from ..invariants.record_invariants import slots_of_records_are_in_range
from ..invariants.task_invariants import fresh_device_runs_a_slot
from ..smt.lemma import Lemma, Result, prove_condition, prove_each
from ..smt.smtlib import Question
from ..smt.verification_condition import Condition
from .term_states import is_same_state

PREMISES = (
    slots_of_records_are_in_range,
    fresh_device_runs_a_slot,
    complete_rewrites_its_sector,
    set_boot_rewrites_its_sector,
    set_boot_is_of_a_whole_slot,
)
"""Records name slots that exist; a new number is put beside the one that it follows, or beside none."""
Ranking = Callable[[Records, int], tuple[Num, Num]]
"""From two records and the number of slots to the ranks of their numbers."""
Values = dict[str, Term]
"""A state: each field of a model, as a term over the fields of the exact model."""


@dataclass(frozen=True)
class RankingQuotient:
    """A model with 32-bit numbers, the one with their ranks, and how a state of the first is one of the second."""

    exact: DeviceModel
    by_rank: DeviceModel
    ranking: Ranking = ranked
    proved: frozenset[str] = frozenset(premise.__name__ for premise in PREMISES)
    """Names of the premises that are assumed."""

    def conditions(self) -> Iterator[Condition]:
        """Yield the questions: whether any state meets the premise, then of the start, each action, and each claim."""
        yield from self._first_conditions()
        for action in self.exact.actions:
            yield self._asked(action.name, self._simulates(action))
        for claim in claims_of(self.exact.scope):
            yield self.claim_condition(claim)

    def step_conditions(self) -> Iterator[Condition]:
        """Yield the questions that say nothing of a claim; all actions of a kind are one, which is asked faster."""
        yield from self._first_conditions()
        for kind in dict.fromkeys(action.kind for action in self.exact.actions):
            followed = (self._simulates(action) for action in self.exact.actions if action.kind is kind)
            yield self._asked(f"{kind.value}_steps", all_of(followed))

    def _first_conditions(self) -> Iterator[Condition]:
        yield replace(self._asked("premise", fact(False)), needs="sat")
        start = dict(initial_device(self.exact.scope).terms())
        is_same = is_same_state(self._ranks_of(start), dict(initial_device(self.by_rank.scope).terms()))
        yield self._asked("start", is_same & replaced(self._are_numbers, start))

    def claim_condition(self, claim: DeviceClaim) -> Condition:
        """Return the question whether a claim holds in a state and not in its ranked state, or the other way round."""
        kept = claim.kept_in(self.exact)
        kept_by_ranks = replaced(claim.kept_in(self.by_rank), self._ranks)
        is_same = kept_by_ranks.implies(kept) & (kept.implies(kept_by_ranks) | self._reads_input(kept))
        return self._asked(claim.claim.id, is_same)

    def _asked(self, name: str, statement: Bool) -> Condition:
        """Return the question whether the statement fails somewhere where the premise holds."""
        question = Question(self.exact)
        question.require(question.term(self._premise & ~statement))
        return Condition(f"rank_{name}", question.text(), "unsat")

    def _simulates(self, action: Action) -> Bool:
        """Return that an exact step has its ranked step, and the other way round; and that it preserves the premise."""
        can_go = self.exact.guard(action)
        after = dict(self.exact.device.terms()) | self.exact.effects[action.name]
        goal = self._ranks_of(after)
        ranked_guards, ranked_steps = [], []
        for other in self._counterparts(action):
            can_follow = replaced(self.by_rank.guard(other), self._ranks)
            effects = self.by_rank.effects[other.name]
            reached = self._ranks | {name: replaced(term, self._ranks) for name, term in effects.items()}
            ranked_guards.append(can_follow)
            ranked_steps.append(can_follow & is_same_state(goal, reached))
        is_followed = can_go.implies(any_of(ranked_steps) & replaced(self._are_numbers, after))
        return is_followed & (any_of(ranked_guards).implies(can_go) | self._reads_input(can_go))

    def _counterparts(self, action: Action) -> list[Action]:
        """Return the ranked actions that an exact one can be."""
        named = [other for other in self.by_rank.actions if other.name == action.name]
        return named or [other for other in self.by_rank.actions if other.name.startswith(f"{action.name}_")]

    @cached_property
    def _premise(self) -> Bool:
        scope, device = self.exact.scope, self.exact.device
        known = all_of(premise(scope, device) for premise in PREMISES if premise.__name__ in self.proved)
        chance_names_one = all_of(
            (_has_number(record) & (record.seq == device.chance)).implies(record.slot == device.chance_slot)
            for record in device.records
        )
        return known & self._are_numbers & chance_names_one & has_next_number(scope, device)

    @cached_property
    def _are_numbers(self) -> Bool:
        """A record with a right check word has a number; numbers name slots as numbers do."""
        if self.exact.scope.has_end_numbers:
            return all_of(are_numbers_with_ends(self.exact.scope, self.exact.device))
        first, second = self.exact.device.records
        is_equal = _has_number(first) & _has_number(second) & (first.seq == second.seq)
        is_named = (
            (_has_number(record) & (record.seq <= self.exact.scope.slots)).implies(
                record.seq == record.slot + number(1, 5)
            )
            for record in (first, second)
        )
        are_kept = (self._keeps_number(record) for record in (first, second))
        return all_of((*are_kept, *is_named, is_equal.implies(first.slot == second.slot)))

    def _keeps_number(self, record: Record) -> Bool:
        """Return that a record has a number exactly if its check word is right; a torn one may, where there are strays.

        The model with strays remembers the number that was torn."""
        if not self.exact.scope.has_strays:
            return record.is_right.same_as(_has_number(record))
        is_empty = record.check == Check.EMPTY
        return record.is_right.implies(_has_number(record)) & is_empty.implies(~_has_number(record))

    @cached_property
    def _ranks(self) -> Values:
        """The ranked state, where no step is taken: as wide as the fields of the ranked model."""
        bits = self.by_rank.scope.seq_bits
        ranks = self.ranking(self.exact.device.records, self.exact.scope.slots)
        fitted = (table(rank, (number(value, bits) for value in range(1 << bits))) for rank in ranks)
        state = dict(self.exact.device.terms()) | dict(zip(("record0_seq", "record1_seq"), fitted, strict=True))
        return {field.name: state[field.name] for field in self.by_rank.fields}

    def _ranks_of(self, values: Values) -> Values:
        """Return the ranked state of another state."""
        return {name: replaced(term, values) for name, term in self._ranks.items()}

    def _reads_input(self, term: Term) -> Bool:
        """Return, as a constant, whether a term reads an input."""
        inputs = {field.name for field in self.exact.fields} - {field.name for field in self.by_rank.fields}
        return fact(bool(fields_of(term) & inputs))


def _has_number(record: Record) -> Bool:
    return record.seq != 0


def are_numbers_with_ends(scope: Scope, device: Device) -> Iterator[Bool]:
    """Yield what RankingQuotient asks of numbers, where 0 and the last ones are numbers, too."""
    first, second = device.records
    for record in device.records:
        is_last = (record.seq == erased_number(scope)) & (record.slot == slot_named(scope, erased_number(scope)))
        yield record.is_right | (record.seq == 0) | (is_last & (record.check == Check.EMPTY))
        yield ~record.is_right | (record.seq != erased_number(scope))
        named = {**dict(enumerate(range(scope.slots), 1)), **{v: slot_named(scope, v) for _, v in end_values(scope)}}
        for value, slot in named.items():
            yield (record.is_right & (record.seq == value)).implies(record.slot == slot)
    yield (first.is_right & second.is_right & (first.seq == second.seq)).implies(first.slot == second.slot)


def ranking_with_ends(exact: Scope, by_rank: Scope) -> Ranking:
    """Return the ranking that keeps the last numbers, counted from the other end of a smaller range."""

    def ranking(records: Records, slots: int) -> tuple[Num, Num]:
        below, less = first_of_last(exact), erased_number(exact) - erased_number(by_rank)
        first, second = ranked(records, slots, below)
        return choose(first < below, first, first - less), choose(second < below, second, second - less)

    return ranking


def quotient(scope: Scope) -> RankingQuotient:
    """Return the quotient of a scope, whichever numbers it has."""
    exact, by_rank = (device_model(replace(scope, numbers=numbers)) for numbers in (Numbers.EXACT, Numbers.RANKED))
    ranking = ranking_with_ends(exact.scope, by_rank.scope) if scope.has_end_numbers else ranked
    return RankingQuotient(exact, by_rank, ranking)


def prove_quotient(scopes: Iterable[Scope]) -> Result:
    """Return whether ranks tell all that the model asks, in each of the scopes."""
    return prove_each(
        (scope_title(scope), prove_condition(condition))
        for scope in scopes
        for condition in quotient(scope).conditions()
    )


_SCOPES = (
    Scope(Config(rollback=True), ghosts=frozenset(Ghost)),
    Scope(Config(rollback=True, anti_rollback=True), 3, True, ghosts=frozenset(Ghost)),
)
LEMMAS: tuple[Lemma, ...] = (
    Lemma(
        "ranks_tell_what_numbers_tell",
        "an action can be taken with 32-bit numbers exactly if it can be with their ranks, and leads to the ranks of "
        "what it leads to; a claim holds of both or of neither",
        "z3 and bitwuzla, for each action and claim of the device model; `otaproof prove` asks it where a proof is a "
        "search, slow tests ask it of all configurations",
        partial(prove_quotient, _SCOPES),
    ),
)
