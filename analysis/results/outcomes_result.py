"""The result of `otaproof outcomes`."""

from dataclasses import dataclass, replace
from typing import Literal

from ...campaign.explain.trace_in_words import tell_trace
from ...campaign.lockstep.trace_replay import place_label
from ...model.device.state import Scope
from ...proofs.explicit.cut_outcomes import Call, Cell, Example, Outcome
from ..call_outcomes import CallOutcomes, cell_of
from .result_parts import ModelResult, ScopeEntry, left_out_entries, scope_entry

OutcomeName = Literal["same", "old", "new", "THIRD", "BRICK"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeExample:
    """A trace to one outcome: with the fewest cuts, and of those with the fewest steps."""

    cuts: int
    """Power cuts in it."""
    actions: tuple[str, ...]
    """Names of the actions of the device model, the cut last."""
    sentences: tuple[str, ...]
    """The same in sentences; empty for the outcomes that are safe."""
    old: str
    """What the next power-on would have started before the call that is cut."""
    new: str
    """What it starts after that call."""
    found: str
    """What it starts after the cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCell:
    """All that can follow a power cut inside one call under one fault model."""

    starts: int
    """Reachable states in which the call begins."""
    outcomes: tuple[OutcomeName, ...]
    """The exact set of outcomes."""
    examples: dict[str, OutcomeExample]
    """By outcome, a trace to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesResult(ModelResult):
    """What `otaproof outcomes` found."""

    command: Literal["outcomes"] = "outcomes"
    """The command that made the result."""
    device: ScopeEntry
    """The devices that the tables cover."""
    usages: dict[str, dict[str, dict[str, OutcomeCell]]]
    """By usage, call and fault model."""
    only_history_rules_out: dict[str, tuple[OutcomeName, ...]] | None
    """By usage, fault model and call in one text: outcomes that z3 finds possible in well-formed states and no history
    leads to; null without a cross-check."""


def outcomes_result(found: CallOutcomes) -> OutcomesResult:
    """Return the tables of a scope, and what a cross-check found, if there was one."""
    scope, tables = found.scope, found.tables
    return OutcomesResult(
        device=scope_entry(scope),
        usages={
            usage.value: {
                call.value: {
                    faults.name: _cell(replace(scope, usage=usage, faults=faults), cell_of(column, call))
                    for faults, column in table.items()
                }
                for call in Call
            }
            for usage, table in tables.items()
        },
        only_history_rules_out=None
        if found.beyond is None
        else {
            f"{usage.value} {faults.name} {call.value}": tuple(outcome.value for outcome in more)
            for (usage, faults, call), more in found.beyond.items()
        },
        **left_out_entries(),
    )


def _cell(scope: Scope, cell: Cell) -> OutcomeCell:
    examples = sorted(cell.examples.items(), key=lambda item: item[0].value)
    return OutcomeCell(
        starts=cell.starts,
        outcomes=tuple(outcome.value for outcome in cell.outcomes),
        examples={outcome.value: _example(scope, outcome, example) for outcome, example in examples},
    )


def _example(scope: Scope, outcome: Outcome, example: Example) -> OutcomeExample:
    return OutcomeExample(
        cuts=example.cuts,
        actions=example.actions,
        sentences=() if outcome.is_safe else tell_trace(scope, example.actions),
        old=place_name(scope, example.old),
        new=place_name(scope, example.new),
        found=place_name(scope, example.found),
    )


def place_name(scope: Scope, place: int) -> str:
    """Return the label of a place, or "nothing"."""
    return "nothing" if place == scope.nowhere else place_label(scope, place)
