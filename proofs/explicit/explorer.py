"""Every state that a device can reach, found breadth first, and each claim looked at in each of them.

The model is finite, whatever the number of upgrades, so what holds here holds for histories of any length. The first
state found to break a claim is one of those nearest to the start, so its trace is a shortest counterexample.

A small world is searched by the plain Python reading. A big one is compiled (codegen.py): which of the two
searched is told, the numbers are the same.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import Enum

from ...model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ...model.device.model import device_model
from ...model.device.state import Scope
from ...model.device.stepper import State, Stepper, stepper
from .exploration import Exploration, Progress, Trace, trace_through


class Reading(Enum):
    """Which reading of the model searches."""

    AUTO = "auto"
    """Python first; what turns out to be no small world is compiled."""
    PYTHON = "python"
    COMPILED = "compiled"


MEMORY = 4 << 30
"""Bytes that a search may use unless told otherwise."""
SMALL_WORLD = 200_000
"""States that the Python search finds in less time than compiling takes."""
PYTHON_STATE_BYTES = 700
"""What one state costs the Python search: the tuple, its place in the dict, its parent."""
PROGRESS_EVERY = 1 << 14
"""States of the Python search from one report of progress to the next."""


def claims_of(scope: Scope) -> tuple[DeviceClaim, ...]:
    """Return the claims that apply to the configuration of a scope."""
    return tuple(claim for claim in DEVICE_CLAIMS if claim.claim.applies_to(scope.config))


def with_ghosts_of(scope: Scope, claims: Iterable[DeviceClaim]) -> Scope:
    """Return the scope with the ghosts that the claims read, and no others."""
    return replace(scope, ghosts=frozenset(ghost for claim in claims for ghost in claim.ghosts))


def explore(
    scope: Scope,
    claims: Sequence[DeviceClaim] = (),
    threads: int = 1,
    memory: int = MEMORY,
    progress: Progress | None = None,
    reading: Reading = Reading.AUTO,
) -> Exploration:
    """Return what a search of everything reachable came to, with a shortest counterexample for each broken claim.

    claims: those to look at; their ghosts have to be in the scope (with_ghosts_of). memory: bytes.
    Raises ValueError for a claim whose ghosts the scope has not."""
    for claim in claims:
        if not claim.ghosts <= scope.ghosts:
            raise ValueError(f"{claim.claim.id} reads ghosts that the scope has not; see with_ghosts_of()")
    if threads not in (1, 2):
        raise ValueError(f"{threads} threads, not 1 or 2")
    if reading is not Reading.COMPILED:
        most = SMALL_WORLD if reading is Reading.AUTO else None
        small = explore_in_python(scope, claims, memory, progress, most)
        if small.is_complete or reading is Reading.PYTHON or small.states <= SMALL_WORLD:
            return small
    # numba takes half a second to import, and most worlds are small.
    from .compiled.codegen import DoesNotFit  # noqa: PLC0415
    from .compiled.compiled_search import CompiledSearch  # noqa: PLC0415

    try:
        search = CompiledSearch(scope, claims)
    except DoesNotFit:
        if reading is Reading.COMPILED:
            raise
        return explore_in_python(scope, claims, memory, progress)
    return search.run(threads, memory, progress)


def explore_in_python(
    scope: Scope,
    claims: Sequence[DeviceClaim] = (),
    memory: int = MEMORY,
    progress: Progress | None = None,
    most: int | None = None,
    search: "PythonSearch | None" = None,
    until_broken: bool = False,
) -> Exploration:
    """Return the same, by the plain Python reading.

    most: how many states it may find before it gives up. search: an empty one, for who needs the states after.
    until_broken: end when all claims are broken."""
    steps = stepper(scope)
    device = device_model(scope).device
    pending = {claim.claim.id: claim.is_kept(scope, device) for claim in claims}
    started = time.perf_counter()
    search = search or PythonSearch(steps)
    found: dict[str, int] = {}
    limit = max(1, memory // PYTHON_STATE_BYTES)
    limit = limit if most is None else min(limit, most)
    checked, depth, level_end = 0, 0, 1
    why_ended = ""
    while checked < len(search.order):
        if checked == level_end:
            depth, level_end = depth + 1, len(search.order)
        state = search.order[checked]
        for claim_id in [c for c, kept in pending.items() if not steps.value(kept, state)]:
            found[claim_id] = checked
            del pending[claim_id]
        if until_broken and not pending:
            why_ended = "all claims are broken"
            break
        if len(search.order) > limit:
            why_ended = f"more than {limit:,} states do not fit in {memory >> 20:,} MB"
            break
        search.expand(checked)
        checked += 1
        if progress is not None and checked % PROGRESS_EVERY == 0:
            progress(len(search.order), time.perf_counter() - started)
    return Exploration(
        scope=scope,
        claims=tuple(claim.claim.id for claim in claims),
        states=len(search.order),
        transitions=search.transitions,
        depth=depth,
        is_complete=not why_ended,
        seconds=time.perf_counter() - started,
        compile_seconds=0.0,
        violations={claim_id: search.trace(place) for claim_id, place in found.items()},
        reading="python",
        limit=why_ended,
    )


class PythonSearch:
    """States in the order in which they were found, and where each was found from."""

    def __init__(self, steps: Stepper) -> None:
        """Begin with the first state alone."""
        self.steps = steps
        self.order: list[State] = [steps.initial]
        self.parents = [-1]
        self.known = {steps.initial}
        self.transitions = 0

    def expand(self, place: int) -> None:
        """Add what can be reached in one step from a state."""
        for _, after in self.steps.successors(self.order[place]):
            self.transitions += 1
            if after not in self.known:
                self.known.add(after)
                self.order.append(after)
                self.parents.append(place)

    def trace(self, place: int) -> Trace:
        """Return the way to a state."""
        states = [self.order[place]]
        while self.parents[place] >= 0:
            place = self.parents[place]
            states.append(self.order[place])
        return trace_through(self.steps, tuple(reversed(states)))
