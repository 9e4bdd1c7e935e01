"""What two ESP-IDF releases, or two configurations, do differently: searched in the model, shown by two boards."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..campaign.conformance.release_probes import CALLS, Probe, has_call
from ..campaign.lockstep.board_difference import Shown, show_difference
from ..campaign.lockstep.divergence import Divergence
from ..errors import InputError
from ..model.claims.claims import Claim, claim
from ..model.claims.state_claims import DeviceClaim
from ..model.device.search import Trace
from ..model.device.state import Scope
from ..proofs.explicit.explorer import claims_of, explore
from ..proofs.explicit.product_search import MOST_PAIRS, Behaviour, Difference, find_differences
from ..proofs.prover.dead_ends import GHOSTS, RECOVERY, recover
from .release_matrix import probes_beyond
from .shown_trace import ShownTrace, show_trace


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A behaviour, and the two boards that show it."""

    behaviour: Behaviour
    shown: Shown


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A claim that holds on one side only."""

    claim: Claim
    holds_left: bool
    trace: Trace
    """A shortest trace that breaks it on the other side."""
    shown: ShownTrace
    """That trace in sentences and on the board."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What became of the claims."""

    changes: tuple[VerdictChange, ...]
    same: tuple[str, ...]
    """Ids of those with one verdict on both sides."""
    open: tuple[str, ...]
    """Ids of those that were not decided."""


@dataclass(frozen=True, slots=True)
class ProbeChange:
    """What a probe sees, left and right."""

    probe: Probe
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class DiffReport:
    """All that a comparison found."""

    names: tuple[str, str]
    """What the user calls the two sides."""
    difference: Difference
    confirmed: tuple[Confirmed, ...]
    probes: tuple[ProbeChange, ...]
    calls: tuple[tuple[str, str, str], ...]
    """(function, has it left, has it right)"""
    claims: Claims
    seconds: float

    @property
    def compares_behaviour(self) -> bool:
        """Tell whether what the two do was compared; by turns, the claims alone are."""
        return not (self.difference.left.is_by_turns or self.difference.right.is_by_turns)

    @property
    def differs(self) -> bool:
        """Tell whether the two do anything differently."""
        return bool(self.confirmed or self.probes or self.calls or self.claims.changes)

    @property
    def is_complete(self) -> bool:
        """Tell whether all was searched and every claim decided."""
        return self.difference.is_complete and not self.claims.open


def compare(
    names: tuple[str, str],
    scopes: tuple[Scope, Scope],
    most: int = MOST_PAIRS,
    follow: int | None = None,
    claims: str = "all",
) -> DiffReport:
    """Return what two devices do differently; raises Divergence where a board does not show it.

    Where one keeps otadata by turns, the claims alone are compared."""
    started = time.perf_counter()
    asked = _asked(claims, scopes)
    # By turns, each call writes otadata otherwise than ESP-IDF's: what they do differs in every call that writes it.
    has_turns = any(scope.is_by_turns for scope in scopes)
    difference = Difference(*scopes, (), 0, 0, True, 0.0) if has_turns else find_differences(*scopes, most, follow)
    confirmed = tuple(Confirmed(behaviour, shown(difference, behaviour)) for behaviour in difference.behaviours)
    return DiffReport(
        names=names,
        difference=difference,
        confirmed=confirmed,
        probes=() if has_turns else _probe_changes(*scopes),
        calls=_call_changes(*scopes),
        claims=_compare_claims(scopes, asked),
        seconds=time.perf_counter() - started,
    )


def shown(difference: Difference, behaviour: Behaviour) -> Shown:
    """Return two boards that show a behaviour; raises Divergence when they do not."""
    return show_difference(
        difference.left,
        difference.right,
        [(given.name, given.left, given.right) for given in behaviour.trace],
        behaviour.observed.value,
        (behaviour.seen_left, behaviour.seen_right),
    )


def _probe_changes(left: Scope, right: Scope) -> tuple[ProbeChange, ...]:
    """Return what the probes see, of those for which both configurations have what they need."""
    seen = [
        ProbeChange(probe, probe.observe(left.config.app_point), probe.observe(right.config.app_point))
        for probe in probes_beyond(left)
        if probe.applies_to(right.config)
    ]
    return tuple(change for change in seen if change.left != change.right)


def _call_changes(left: Scope, right: Scope) -> tuple[tuple[str, str, str], ...]:
    points = left.config.app_point, right.config.app_point
    rows = [(call.name, has_call(call.name, points[0]), has_call(call.name, points[1])) for call in CALLS]
    return tuple(row for row in rows if row[1] != row[2])


def _asked(text: str, scopes: tuple[Scope, Scope]) -> tuple[str, ...]:
    """Return the ids of the claims to compare: of those that speak of both configurations."""
    both = [item.claim.id for item in claims_of(scopes[0]) if item in claims_of(scopes[1])]
    known = (*both, RECOVERY)
    if text == "all":
        return known
    if text == "none":
        return ()
    asked = tuple(part.strip() for part in text.split(","))
    for part in asked:
        if part not in known:
            raise InputError(f"--claims: {part!r} is none of {', '.join(known)}, all and none")
    return asked


def _compare_claims(scopes: tuple[Scope, Scope], asked: Sequence[str]) -> Claims:
    verdicts = [_verdicts(scope, asked) for scope in scopes]
    changes: list[VerdictChange] = []
    same: list[str] = []
    undecided: list[str] = []
    for claim_id in asked:
        left, right = (verdict[claim_id] for verdict in verdicts)
        if left is None or right is None:
            undecided.append(claim_id)
        elif isinstance(left, Trace) == isinstance(right, Trace):
            same.append(claim_id)
        else:
            trace = left if isinstance(left, Trace) else right
            assert isinstance(trace, Trace)
            scope = scopes[0] if trace is left else scopes[1]
            shown_trace = show_trace(scope, trace.actions, claim_id)
            if shown_trace.divergence is not None:
                raise Divergence(shown_trace.divergence)
            changes.append(VerdictChange(claim(claim_id), trace is right, trace, shown_trace))
    return Claims(tuple(changes), tuple(same), tuple(undecided))


def _verdicts(scope: Scope, asked: Sequence[str]) -> dict[str, Trace | bool | None]:
    """Return, by id, True for a claim that holds, a trace for one that does not, None for one not decided."""
    groups: dict[frozenset[Any], list[DeviceClaim]] = {}
    for item in claims_of(scope):
        if item.claim.id in asked:
            groups.setdefault(item.ghosts, []).append(item)
    found: dict[str, Trace | bool | None] = {}
    for ghosts, group in groups.items():
        search = explore(replace(scope, ghosts=ghosts), group)
        for item in group:
            found[item.claim.id] = search.violations.get(item.claim.id) or (True if search.is_complete else None)
    if RECOVERY in asked:
        recovery = recover(replace(scope, ghosts=GHOSTS))
        found[RECOVERY] = recovery.trace or (True if recovery.is_complete else None)
    return found
