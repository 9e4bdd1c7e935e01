"""The table of `otaproof diff --matrix`: what the release rules do differently, a column for each of them."""

import itertools
from dataclasses import dataclass, replace
from typing import Literal

from ..campaign.conformance.release_probes import CALLS, PROBES, Probe, has_call, observe
from ..campaign.lockstep.board_difference import play_both
from ..campaign.lockstep.divergence import Divergence
from ..impl.release_points import with_versions
from ..model.config import Release
from ..model.device.state import Scope, Usage
from ..proofs.explicit.product_search import Behaviour, answers, find_differences, told
from .diff_text import cause_title, inputs_text

NOT_THERE = "–"
"""Cell of a release in which the inputs cannot be given."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One behaviour."""

    title: str
    origin: Literal["model", "board", "read"]
    """"model": found by the search, played on a board; "board": seen by a probe; "read": a call that a release has."""
    how: str
    """The inputs, or the script."""
    cells: tuple[str, ...]
    """What is seen under each of the release rules, oldest first."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The table."""

    scope: Scope
    rows: tuple[MatrixRow, ...]
    is_complete: bool

    @property
    def differs(self) -> bool:
        """Tell whether any two releases do anything differently."""
        return any(len(set(row.cells)) > 1 for row in self.rows)


def probes_beyond(scope: Scope) -> tuple[Probe, ...]:
    """Return the probes for which the configuration has what they need, and whose subject is not in the model."""
    is_in_model = scope.usage is Usage.ANY and scope.slots > 1
    return tuple(
        probe for probe in PROBES if probe.applies_to(scope.config) and not (probe.is_in_model and is_in_model)
    )


def matrix_of(scope: Scope, most: int) -> Matrix:
    """Return the table for a scope; its release is set aside. Raises Divergence where a board shows something else."""
    scopes = {
        release: replace(scope, config=with_versions(scope.config, release.point, release.point)) for release in Release
    }
    rows: dict[tuple[str, tuple[str, ...]], MatrixRow] = {}
    is_complete = True
    for before, after in itertools.pairwise(Release):
        found = find_differences(scopes[before], scopes[after], most, follow=0)
        is_complete &= found.is_complete
        for cause in found.causes:
            row = _model_row(scopes, scopes[before], cause)
            rows.setdefault((row.title, row.cells), row)
    probes = [
        MatrixRow(probe.name, "board", probe.script, tuple(observe(probe.name, release) for release in Release))
        for probe in probes_beyond(scope)
    ]
    calls = [
        MatrixRow(f"there is {call.name}()", "read", "", tuple(has_call(call.name, release) for release in Release))
        for call in CALLS
    ]
    return Matrix(scope, (*rows.values(), *probes, *calls), is_complete)


def _model_row(scopes: dict[Release, Scope], origin: Scope, cause: Behaviour) -> MatrixRow:
    cells = tuple(_cell(scope, origin, cause) for scope in scopes.values())
    return MatrixRow(cause_title(cause), "model", inputs_text(cause.trace), cells)


def _cell(scope: Scope, origin: Scope, cause: Behaviour) -> str:
    """Return what a release is seen to do at the end of the inputs that led to a cause, on the board."""
    answer = answers(scope, origin, cause.trace)
    if answer is None:
        return NOT_THERE
    actions, response = answer
    moves = [(given.name, one, one) for given, one in zip(cause.trace, actions, strict=True)]
    on_board = play_both(scope, scope, moves).seen[0].of(cause.observed.value)
    by_number = {"operations": "; ".join(response.ops) or "no operation", "result": response.result}
    if by_number.get(cause.observed.value, on_board) != on_board:
        raise Divergence(f"{scope.config.app_name}, {cause_title(cause)}: the board shows {on_board}")
    return told(response, cause.observed) or str(on_board)
