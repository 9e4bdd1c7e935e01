"""Every diagram by its name; `otaproof diagram` draws these, and drawn/ holds them."""

from collections.abc import Callable
from functools import partial

from .drawing.canvas import Drawing
from .drawing.flow import Flow
from .model_reading.action_graph import CALLS
from .pictures import (
    call_steps,
    event_matrix,
    reachable,
    records_drawing,
    slot_states,
    strips,
    trace_drawing,
    turn_states,
    upgrade_strip,
)

Diagram = Flow | Drawing

BUILDS = {build.replace(" ", "-"): (build, rollback) for build, rollback in strips.BUILDS.items()}

CATALOGUE: dict[str, Callable[[], Diagram]] = {
    **{f"life-cycle-{name}": partial(slot_states.life_cycle, rollback) for name, (_, rollback) in BUILDS.items()},
    "life-cycle-by-turns": turn_states.life_cycle_by_turns,
    **{f"moves-{name}": partial(event_matrix.moves_drawing, rollback) for name, (_, rollback) in BUILDS.items()},
    **{f"boot-{name}": partial(call_steps.boot_flow, name) for name in call_steps.BUILDS},
    **{f"call-{call}": partial(call_steps.call_flow, call) for call in CALLS},
    **{f"call-{call}-by-turns": partial(call_steps.call_flow, call, True) for call in call_steps.TURNS_CALLS},
    **{f"reachable-{name}": partial(reachable.reachable_flow, build) for name, (build, _) in BUILDS.items()},
    "reachable-by-turns": partial(reachable.reachable_flow, reachable.BY_TURNS),
    "outcome-strips": strips.strips_drawing,
    "upgrade-strip": upgrade_strip.upgrade_drawing,
    "otadata-record": records_drawing.record_drawing,
    "partition-layout": records_drawing.two_ota_drawing,
    "trace": trace_drawing.trace_drawing,
}

OF_TOKEN: dict[str, Callable[[str], Diagram]] = {
    "partition-layout": trace_drawing.token_layout,
    "trace": trace_drawing.trace_drawing,
}
"""The diagrams that a replay token can be given to."""


def diagram_of(name: str, token: str | None = None) -> Diagram:
    """Return a diagram of the catalogue; where it shows a token, `token` replaces the built-in sample."""
    return OF_TOKEN[name](token) if token is not None and name in OF_TOKEN else CATALOGUE[name]()
