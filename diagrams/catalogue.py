"""Every diagram by its name; `otaproof diagram` draws these, and drawn/ holds them."""

from collections.abc import Callable
from functools import partial

from .drawing.canvas import Drawing
from .drawing.flow import Flow
from .model_reading import walk
from .pictures import (
    call_steps as steps,
)
from .pictures import (
    event_matrix as matrix,
)
from .pictures import (
    reachable,
    records_drawing,
    strips,
    upgrade_strip,
)
from .pictures import (
    slot_states as life_cycle,
)
from .pictures import (
    trace_drawing as trace,
)

Diagram = Flow | Drawing

BUILDS = {build.replace(" ", "-"): (build, rollback) for build, rollback in strips.BUILDS.items()}

CATALOGUE: dict[str, Callable[[], Diagram]] = {
    **{f"life-cycle-{name}": partial(life_cycle.life_cycle, rollback) for name, (_, rollback) in BUILDS.items()},
    **{f"moves-{name}": partial(matrix.moves_drawing, rollback) for name, (_, rollback) in BUILDS.items()},
    **{f"boot-{name}": partial(steps.boot_flow, name) for name in steps.BUILDS},
    **{f"call-{call}": partial(steps.call_flow, call) for call in walk.CALLS},
    **{f"reachable-{name}": partial(reachable.reachable_flow, build) for name, (build, _) in BUILDS.items()},
    "outcome-strips": strips.strips_drawing,
    "upgrade-strip": upgrade_strip.upgrade_drawing,
    "otadata-record": records_drawing.record_drawing,
    "partition-layout": records_drawing.two_ota_drawing,
    "trace": trace.trace_drawing,
}

OF_TOKEN: dict[str, Callable[[str], Diagram]] = {"partition-layout": trace.token_layout, "trace": trace.trace_drawing}
"""The diagrams that a replay token changes."""


def diagram_of(name: str, token: str | None = None) -> Diagram:
    """Return a diagram of the catalogue; a token takes the place of the sample where the diagram is of one."""
    return OF_TOKEN[name](token) if token is not None and name in OF_TOKEN else CATALOGUE[name]()
