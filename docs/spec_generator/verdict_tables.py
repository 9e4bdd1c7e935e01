"""The verdicts and outcomes of all configurations, as docs/spec/verdicts.json keeps them.

Only `decide` runs the search. A claim that holds under a stronger fault model holds under the weaker ones, and a claim
that a weaker one violates is violated under the stronger ones. So F3 is searched first, then F0, then those between for
the claims that are still undecided.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from otaproof.campaign.lockstep.trace_replay import token_of_trace
from otaproof.model.claims.state_claims import DeviceClaim
from otaproof.model.device.action import Kind
from otaproof.model.device.model import device_model
from otaproof.model.device.search import Trace
from otaproof.model.device.state import Ghost, Scope, Task
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import MODELLED_FAULTS, FaultModel
from otaproof.proofs.explicit.cut_outcomes import Cell, Outcome, outcomes
from otaproof.proofs.explicit.explorer import claims_of, explore
from otaproof.proofs.prover.dead_ends import GHOSTS, RECOVERY, recover

from .spec_scopes import BEYOND, SpecScope, scopes_beyond, spec_scopes

FILE = Path(__file__).parent.parent / "spec" / "verdicts.json"
FILE_BEYOND = FILE.with_name("verdicts-beyond.json")
"""The verdicts on the claims that no configuration of the tables has anything for."""
ORDER = (FaultModel.F3, FaultModel.F0, FaultModel.F1, FaultModel.F2)
"""The fault models in the order of the searches."""
Report = Callable[[SpecScope], None]


@dataclass(frozen=True, slots=True)
class ScopeVerdicts:
    """What the search says of one configuration under one fault model."""

    states: int
    """The number of states of the largest of its searches."""
    refuted: Mapping[str, Trace]
    """A shortest trace to a violation, by id of the claim; a claim that was searched and is not here holds."""


def decide(scope: Scope, claim_ids: frozenset[str]) -> ScopeVerdicts:
    """Return the verdicts of the claims in a scope; raises RuntimeError if a search is incomplete."""
    groups: dict[frozenset[Ghost], list[DeviceClaim]] = {}
    for item in claims_of(scope):
        if item.claim.id in claim_ids:
            groups.setdefault(item.ghosts, []).append(item)
    states, refuted = 0, dict[str, Trace]()
    for ghosts, group in groups.items():
        search = explore(replace(scope, ghosts=ghosts), group)
        if not search.is_complete:
            raise RuntimeError(f"{scope}: {search.limit}")
        states = max(states, search.states)
        refuted |= search.violations
    if RECOVERY in claim_ids:
        recovery = recover(replace(scope, ghosts=GHOSTS))
        if not recovery.is_complete:
            raise RuntimeError(f"{scope}: {recovery.limit}")
        states = max(states, recovery.states)
        if recovery.trace is not None:
            refuted[RECOVERY] = recovery.trace
    return ScopeVerdicts(states, refuted)


def verdicts_of(spec: SpecScope) -> dict[str, Any]:
    """Return the verdict of each applicable claim; for a violated one the weakest fault model, trace and token."""
    strongest = spec.scope(FaultModel.F3)
    claim_ids = frozenset({item.claim.id for item in claims_of(strongest)} | {RECOVERY})
    first = decide(strongest, claim_ids)
    violated: dict[str, tuple[FaultModel, Trace]] = {}
    still_open = frozenset(first.refuted)
    for faults in ORDER[1:]:
        found = decide(spec.scope(faults), still_open).refuted if still_open else {}
        violated |= {claim_id: (faults, trace) for claim_id, trace in found.items()}
        still_open -= found.keys()
    violated |= {claim_id: (FaultModel.F3, first.refuted[claim_id]) for claim_id in still_open}
    claims: dict[str, Any] = {}
    for claim_id in sorted(claim_ids, key=lambda text: int(text[1:])):
        claims[claim_id] = {"verdict": "holds"}
        if claim_id in violated:
            faults, trace = violated[claim_id]
            claims[claim_id] = _refutation(spec.scope(faults), claim_id, faults, trace)
    return {"states": first.states, "claims": claims}


def outcomes_of(spec: SpecScope, models: tuple[FaultModel, ...] = MODELLED_FAULTS) -> dict[str, Any]:
    """Return the images that can start after a cut in each call, with a trace to each unsafe outcome."""
    table: dict[str, Any] = {}
    for faults in models:
        for cell in outcomes(spec.scope(faults)):
            table.setdefault(cell.call.value, {})[faults.name] = _cell(spec.scope(faults), cell)
    return table


def all_of(spec: SpecScope) -> dict[str, Any]:
    """Return verdicts and outcomes of a spec."""
    return {**verdicts_of(spec), "outcomes": outcomes_of(spec)}


def make(report: Report) -> dict[str, Any]:
    """Compute the verdicts and outcomes of all configurations; `report` is called before each."""
    made: dict[str, Any] = {}
    for spec in spec_scopes():
        report(spec)
        made[spec.id] = all_of(spec)
    return made


def beyond_of(claim_id: str, spec: SpecScope) -> dict[str, Any]:
    """Return the verdict of one claim alone: F0 first, as most claims of other usages fall there."""
    for faults in (FaultModel.F0, FaultModel.F3):
        if decide(spec.scope(faults), frozenset({claim_id})).refuted:
            break
    else:
        return {"verdict": "holds"}
    weaker = (FaultModel.F1, FaultModel.F2) if faults is FaultModel.F3 else ()
    for weakest in (*weaker, faults):
        refuted = decide(spec.scope(weakest), frozenset({claim_id})).refuted
        if refuted:
            return _refutation(spec.scope(weakest), claim_id, weakest, refuted[claim_id])
    raise RuntimeError(f"{spec.id}: {claim_id} is violated and is not")


def make_beyond(report: Report) -> dict[str, Any]:
    """Compute the verdicts of BEYOND, as the other file has them; `report` is called before each."""
    made: dict[str, Any] = {}
    for claim_id in BEYOND:
        for spec in scopes_beyond(claim_id):
            report(spec)
            made[spec.id] = {"claims": {claim_id: beyond_of(claim_id, spec)}}
    return made


def read_beyond() -> dict[str, Any]:
    """Return the kept verdicts of BEYOND."""
    kept: dict[str, Any] = json.loads(FILE_BEYOND.read_text(encoding="utf-8"))
    return kept


def read() -> dict[str, Any]:
    """Return the kept verdicts and outcomes."""
    kept: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


def text_of(made: Mapping[str, Any]) -> str:
    """Return the text of the file."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _refutation(scope: Scope, claim_id: str, faults: FaultModel, trace: Trace) -> dict[str, Any]:
    cuts = {action.name for action in device_model(scope).actions if action.weakest is not None}
    return {
        "verdict": "violated",
        "weakest": faults.name,
        "cuts": sum(name in cuts for name in trace.actions),
        "trace": " ".join(trace.actions),
        "token": _token(scope, claim_id, trace),
    }


def _token(scope: Scope, claim_id: str, trace: Trace) -> str:
    """Return a token that plays the trace.

    In a deadlock of C9 nothing boots any more. The token goes on to the next power-on, which violates C1."""
    if claim_id != RECOVERY:
        return token_of_trace(scope, trace.actions, claim_id)
    steps = stepper(scope)
    actions, state = list(trace.actions), steps.initial
    for name in actions:
        state = steps.step(state, name) or state
    while steps.as_dict(state)["task"] not in (Task.RUN, Task.STUCK):
        number, state = next(
            pair for pair in steps.successors(state) if steps.model.actions[pair[0]].kind is not Kind.CUT
        )
        actions.append(steps.model.actions[number].name)
    return token_of_trace(scope, actions, "C1")


def _cell(scope: Scope, cell: Cell) -> dict[str, Any]:
    def place(number: int) -> str:
        named = {scope.nowhere: "nothing", scope.factory: "factory"}
        return named.get(number, f"ota_{number}")

    unsafe = {
        outcome.value: {
            "old": place(example.old),
            "new": place(example.new),
            "found": place(example.found),
            "cuts": example.cuts,
            "trace": " ".join(example.actions),
        }
        for outcome in Outcome
        if not outcome.is_safe and (example := cell.examples.get(outcome)) is not None
    }
    return {"says": str(cell), **({"unsafe": unsafe} if unsafe else {})}
