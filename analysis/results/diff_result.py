"""The results of `otaproof diff`: a comparison, the table of all releases, and two histories side by side."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from ...campaign.history.history_replay import HistoryReplay
from ...campaign.history.replayed_step import ReplayedStep
from ...campaign.operation_text import describe_ops
from ...model.config import Release
from ...model.device.scope_text import scope_title
from ...proofs.explicit.product_search import Given
from ..diff_text import cause_title, inputs_text, subject
from ..release_diff import Confirmed, DiffReport, VerdictChange
from ..release_matrix import Matrix
from .result_parts import CommandResult


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffSide:
    """One of the two that are compared."""

    name: str
    """What the user calls it."""
    scope: str
    """The devices that it stands for, in a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffInput:
    """One input of a history, and what the two make of it."""

    input: str
    """The call, reset or power cut."""
    cut: str | None
    """Name of the power cut inside it."""
    left: tuple[str, ...]
    """Names of the actions of the left device model."""
    right: tuple[str, ...]
    """Names of the actions of the right one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffBehaviour:
    """One difference, with a shortest sequence of inputs that shows it."""

    number: int
    """Counted from 0."""
    title: str
    """In a line."""
    call: str
    """The input whose response differs."""
    observed: str
    """What of the response differs."""
    cause: int | None
    """Number of the difference that this one follows from; null for one that stands by itself."""
    left: str
    """What the left one does."""
    right: str
    """What the right one does."""
    seen: tuple[str, str]
    """What is observed of the two, as the model says it."""
    inputs: tuple[DiffInput, ...]
    """The inputs that lead there."""
    inputs_text: str
    """The inputs in one line."""
    same_tears: bool
    """The power cuts leave the same bytes on both."""
    token: str
    """What `otaproof diff --replay` plays it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDifference:
    """A difference outside the scope of the model, observed on two boards."""

    behaviour: str
    """What is observed."""
    rule: str
    """The release rule that it shows."""
    script: str
    """How it is observed."""
    left: str
    """What is seen left."""
    right: str
    """What is seen right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDifference:
    """A function that one of the two does not have."""

    call: str
    """Its name."""
    left: str
    """Whether the left one has it."""
    right: str
    """Whether the right one has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDifference:
    """A claim that holds on one side only."""

    id: str
    """Such as C1."""
    name: str
    """The promise as a name."""
    left: Literal["holds", "violated"]
    """The verdict on the left one."""
    right: Literal["holds", "violated"]
    """The verdict on the right one."""
    trace: tuple[str, ...]
    """Names of the actions of a shortest trace that breaks it."""
    sentences: tuple[str, ...]
    """That trace in sentences."""
    broken_by: str | None
    """The event at its end which the claim rules out, as the board shows it."""
    token: str | None
    """What `otaproof replay` plays it by; null for C9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsDifference:
    """What became of the claims."""

    changed: tuple[ClaimDifference, ...]
    """Those that hold on one side only."""
    same: tuple[str, ...]
    """Ids of those with one verdict on both sides."""
    undecided: tuple[str, ...]
    """Ids of those that were not decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffResult(CommandResult):
    """What `otaproof diff A B` found."""

    command: Literal["diff"] = "diff"
    """The command that made the result."""
    left: DiffSide
    """The first of the two."""
    right: DiffSide
    """The second."""
    complete: bool
    """All was searched."""
    pairs: int
    """Pairs of states searched."""
    parted: int
    """Those of them in which the two stored states differ."""
    seconds: float
    """For everything."""
    behaviour_compared: bool
    """What the two do was compared; where one keeps otadata by turns, the claims alone are."""
    behaviours: tuple[DiffBehaviour, ...]
    """Differences in the device model, each played on two boards."""
    board: tuple[BoardDifference, ...]
    """Differences outside the scope of the model."""
    calls: tuple[CallDifference, ...]
    """Functions that one of the two does not have."""
    claims: ClaimsDifference
    """What became of the claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRowEntry:
    """One behaviour, release by release."""

    behaviour: str
    """In a line."""
    origin: Literal["model", "board", "read"]
    """model: found by the search and played on a board; board: observed on the board; read: in the headers."""
    how: str
    """The inputs, or the script."""
    releases: dict[str, str]
    """By release rules, what is observed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixResult(CommandResult):
    """What `otaproof diff --matrix` found."""

    command: Literal["diff --matrix"] = "diff --matrix"
    """The command that made the result."""
    scope: str
    """The devices compared, in a line, without the release."""
    complete: bool
    """All was searched."""
    rows: tuple[MatrixRowEntry, ...]
    """Each behaviour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPair:
    """One step of two histories."""

    left: str
    """What the left board does."""
    right: str
    """What the right board does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffReplayResult(CommandResult):
    """What `otaproof diff --replay` saw."""

    command: Literal["diff --replay"] = "diff --replay"
    """The command that made the result."""
    differs: bool
    """The two boards do something differently."""
    steps: tuple[StepPair, ...]
    """Step by step."""


def diff_result(report: DiffReport) -> DiffResult:
    """Return all that a comparison found."""
    found = report.difference
    return DiffResult(
        left=DiffSide(name=report.names[0], scope=scope_title(found.left)),
        right=DiffSide(name=report.names[1], scope=scope_title(found.right)),
        complete=found.is_complete,
        pairs=found.pairs,
        parted=found.parted,
        seconds=round(report.seconds, 3),
        behaviour_compared=report.compares_behaviour,
        behaviours=tuple(_behaviour(number, item) for number, item in enumerate(report.confirmed)),
        board=tuple(
            BoardDifference(
                behaviour=change.probe.name,
                rule=change.probe.rule,
                script=change.probe.script,
                left=change.left,
                right=change.right,
            )
            for change in report.probes
        ),
        calls=tuple(CallDifference(call=name, left=left, right=right) for name, left, right in report.calls),
        claims=ClaimsDifference(
            changed=tuple(_claim(change) for change in report.claims.changes),
            same=report.claims.same,
            undecided=report.claims.open,
        ),
    )


def _behaviour(number: int, item: Confirmed) -> DiffBehaviour:
    behaviour = item.behaviour
    return DiffBehaviour(
        number=number,
        title=cause_title(behaviour) if behaviour.cause is None else subject(behaviour),
        call=behaviour.call,
        observed=behaviour.observed.value,
        cause=behaviour.cause,
        left=behaviour.left,
        right=behaviour.right,
        seen=(behaviour.seen_left, behaviour.seen_right),
        inputs=tuple(_input(given) for given in behaviour.trace),
        inputs_text=inputs_text(behaviour.trace),
        same_tears=item.shown.are_tears_alike,
        token=item.shown.token,
    )


def _input(given: Given) -> DiffInput:
    cut = None if given.cut is None else given.cut.action
    return DiffInput(input=given.name, cut=cut, left=given.left, right=given.right)


def _claim(change: VerdictChange) -> ClaimDifference:
    return ClaimDifference(
        id=change.claim.id,
        name=change.claim.name,
        left="holds" if change.holds_left else "violated",
        right="violated" if change.holds_left else "holds",
        trace=change.trace.actions,
        sentences=change.shown.sentences,
        broken_by=change.shown.broken_by,
        token=change.shown.token,
    )


def matrix_result(matrix: Matrix) -> MatrixResult:
    """Return the table of all releases."""
    releases = [release.label for release in Release]
    title = scope_title(matrix.scope).replace(f", release rules {matrix.scope.config.app_name}", "")
    return MatrixResult(
        scope=title,
        complete=matrix.is_complete,
        rows=tuple(
            MatrixRowEntry(
                behaviour=row.title,
                origin=row.origin,
                how=row.how,
                releases=dict(zip(releases, row.cells, strict=True)),
            )
            for row in matrix.rows
        ),
    )


def diff_replay_result(left: HistoryReplay, right: HistoryReplay) -> DiffReplayResult:
    """Return two histories side by side."""
    steps = tuple(
        StepPair(left=_step_text(one), right=_step_text(other)) for one, other in zip_longest(left.steps, right.steps)
    )
    return DiffReplayResult(differs=any(step.left != step.right for step in steps), steps=steps)


def _step_text(step: ReplayedStep | None) -> str:
    if step is None:
        return "(nothing more)"
    return f"{step.text}; flash: {describe_ops(step.ops)}" if step.ops else step.text
