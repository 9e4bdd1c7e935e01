"""Every state that a device can reach, found breadth first, and each claim looked at in each of them.

The model is finite, whatever the number of upgrades, so what holds here holds for histories of any length. A claim that
is broken has a canonical counterexample: of the shortest traces to a state that breaks it, the first by the order of
actions in the model. It is the same whichever reading searches, with any number of threads.

A small state space is searched in Python, a big one by compiled code (codegen.py). The result says which of the two
searched; the numbers are the same.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import Enum

from ...model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ...model.device.model import device_model
from ...model.device.search import DeviceSearch, Trace
from ...model.device.state import Scope
from ...model.device.stepper import stepper
from .exploration import ALL_BROKEN, Exploration, Progress


class Reading(Enum):
    """Which reading of the model searches."""

    AUTO = "auto"
    """Python first; compiled code once there turn out to be many states."""
    PYTHON = "python"
    COMPILED = "compiled"


MEMORY = 4 << 30
"""Bytes that a search may use by default."""
MOST_THREADS = 16
SMALL_WORLD = 60_000
"""States that the Python search finds in less time than compiling takes."""
PYTHON_STATE_BYTES = 700
"""What one state costs the Python search: the tuple, its place in the dict, how it was found."""
PROGRESS_EVERY = 1 << 14
"""States of the Python search from one report of progress to the next."""


def claims_of(scope: Scope) -> tuple[DeviceClaim, ...]:
    """Return the claims that apply to a scope."""
    return tuple(claim for claim in DEVICE_CLAIMS if claim.applies_to(scope))


def with_ghosts_of(scope: Scope, claims: Iterable[DeviceClaim]) -> Scope:
    """Return the scope with the ghost variables that the claims read, and no others."""
    return replace(scope, ghosts=frozenset(ghost for claim in claims for ghost in claim.ghosts))


def explore(
    scope: Scope,
    claims: Sequence[DeviceClaim] = (),
    threads: int = 1,
    memory: int = MEMORY,
    progress: Progress | None = None,
    reading: Reading = Reading.AUTO,
    until_broken: bool = False,
    small: int = SMALL_WORLD,
) -> Exploration:
    """Return what a search of everything reachable came to, with a shortest counterexample for each broken claim.

    claims: those to look at; their ghost variables must be in the scope (with_ghosts_of). memory: bytes. until_broken:
    end when all claims are broken. small: of how many states Python has to find all, or compiled code searches.
    Raises ValueError for a claim whose ghost variables are not in the scope."""
    for claim in claims:
        if not claim.ghosts <= scope.ghosts:
            raise ValueError(f"{claim.claim.id} reads ghost variables that the scope has not; see with_ghosts_of()")
    if not 1 <= threads <= MOST_THREADS:
        raise ValueError(f"{threads} threads; want 1 to {MOST_THREADS}")
    if reading is not Reading.COMPILED:
        most = small if reading is Reading.AUTO else None
        found = explore_in_python(scope, claims, memory, progress, most, until_broken=until_broken)
        if found.is_complete or reading is Reading.PYTHON or found.states <= small:
            return found
    # numba takes half a second to import, and most state spaces are small.
    from .compiled.compiled_search import CompiledSearch  # noqa: PLC0415
    from .compiled.word_layout import DoesNotFit  # noqa: PLC0415

    try:
        search = CompiledSearch(scope, claims)
    except DoesNotFit:
        if reading is Reading.COMPILED:
            raise
        return explore_in_python(scope, claims, memory, progress, until_broken=until_broken)
    return search.run(threads, memory, progress, until_broken)


def explore_in_python(
    scope: Scope,
    claims: Sequence[DeviceClaim] = (),
    memory: int = MEMORY,
    progress: Progress | None = None,
    most: int | None = None,
    search: DeviceSearch | None = None,
    until_broken: bool = False,
) -> Exploration:
    """Return the same, by the plain Python reading.

    most: how many states it may find before it gives up. search: one that has not begun, for who needs the states
    after. until_broken: end when all claims are broken."""
    search = search or DeviceSearch(stepper(scope))
    steps = search.steps
    pending = {claim.claim.id: claim.kept_in(device_model(scope)) for claim in claims}
    violations: dict[str, Trace] = {}
    started = time.perf_counter()
    limit = max(1, memory // PYTHON_STATE_BYTES)
    limit = limit if most is None else min(limit, most)
    depth, why_ended = 0, ""
    for place, state in enumerate(search):
        depth = search.depths[place]
        for claim_id in [c for c, kept in pending.items() if not steps.value(kept, state)]:
            violations[claim_id] = search.trace(place)
            del pending[claim_id]
        if until_broken and not pending:
            why_ended = ALL_BROKEN
            break
        if len(search.order) > limit:
            why_ended = f"more than {limit:,} states do not fit in {memory >> 20:,} MB"
            break
        if progress is not None and place and place % PROGRESS_EVERY == 0:
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
        violations=violations,
        reading="python",
        limit=why_ended,
    )
