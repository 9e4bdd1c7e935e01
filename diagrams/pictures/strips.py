"""What boots when the power fails: at every micro-step of a call, over every state that a small device comes to.

A strip is a call. Its cells stand for the moments of a power cut: before the first flash operation, inside it, after it
and before the next, and so on to the end. A cell tells what the next power-on starts: the image that would have started
before the call, the one that starts once it is done, a third one, or none. Where the states disagree it tells all.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from ...model.config import Config
from ...model.device.action import Kind
from ...model.device.records import Check, Word
from ...model.device.search import reachable
from ...model.device.selection import boot_choice
from ...model.device.state import Phase, Scope, Task, Usage
from ...model.device.stepper import State, Stepper, stepper
from ..drawing.canvas import Anchor, Box, Drawing, Rule, Text
from ..drawing.palette import FAINT, INK, Tone


class Outcome(Enum):
    """What starts at the power-on after a cut; the value is what stands in the cell."""

    SAME = "="
    """What starts before the call and after it is the same, and it does."""
    OLD = "old"
    NEW = "new"
    THIRD = "third"
    NONE = "none"


_TONES = {
    Outcome.SAME: Tone.PLAIN,
    Outcome.OLD: Tone.BLUE,
    Outcome.NEW: Tone.GREEN,
    Outcome.THIRD: Tone.RED,
    Outcome.NONE: Tone.PURPLE,
}
_TEXTS = {
    Outcome.SAME: "the same one throughout",
    Outcome.OLD: "what starts before the call",
    Outcome.NEW: "what starts after the call",
    Outcome.THIRD: "neither of them",
    Outcome.NONE: "nothing starts",
}

BUILDS = {"without rollback": False, "with rollback": True}
_CALLS = {
    "commence()": Task.COMMENCE,
    "complete(1)": Task.COMPLETE,
    "power_on(): NEW": Task.TRY,
    "accept()": Task.ACCEPT,
    "power_on(): testing": Task.ABORT,
    "rollback()": Task.ROLLBACK,
    "power_on(): first": Task.FRESH,
}
"""By the name of a strip, the task that writes flash."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One moment of a call."""

    label: str
    """The operation that is cut, or empty between operations."""
    outcomes: tuple[tuple[Outcome, int], ...]
    """How many pairs of state and tear come to each outcome that any comes to."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One call."""

    call: str
    cells: tuple[Cell, ...]


def scope_of(rollback: bool) -> Scope:
    """Return the small device: two slots, calls in their documented order, and any cuts before."""
    return Scope(Config(rollback=rollback), usage=Usage.PROPER)


@lru_cache(maxsize=2)
def strips(rollback: bool) -> tuple[Strip, ...]:
    """Return the strips of a build."""
    steps = stepper(scope_of(rollback))
    judge = _Judge(steps)
    by_task: dict[int, list[State]] = {}
    for state in reachable(steps):
        fields = steps.as_dict(state)
        if fields["phase"] == Phase.ERASE:
            by_task.setdefault(fields["task"], []).append(state)
    return tuple(Strip(call, judge.cells(by_task[task])) for call, task in _CALLS.items() if task in by_task)


class _Judge:
    """Tells what starts after the cuts of a task's operations."""

    def __init__(self, steps: Stepper) -> None:
        self._steps = steps
        self._choice = boot_choice(steps.model.scope, steps.model.device)

    def cells(self, begins: list[State]) -> tuple[Cell, ...]:
        """Return the cells of a task that begins in these states."""
        found: list[tuple[str, Counter[Outcome]]] = []
        for state in begins:
            for place, (label, outcomes) in enumerate(self._moments(state)):
                if place == len(found):
                    found.append((label, Counter()))
                found[place][1].update(outcomes)
        return tuple(_cell(label, outcomes) for label, outcomes in found)

    def _moments(self, state: State) -> Iterator[tuple[str, list[Outcome]]]:
        """Yield (operation or nothing, what starts after each cut) for the moments of one run of the task."""
        operations = [operation_in(self._steps, state)]
        while _is_erased(self._steps, operations[-1].after):
            operations.append(operation_in(self._steps, operations[-1].after))
        old, new = self._start(state), self._start(operations[-1].after)

        def outcome(starts: int) -> Outcome:
            if starts == self._steps.model.scope.nowhere:
                return Outcome.NONE
            if starts not in (old, new):
                return Outcome.THIRD
            return Outcome.SAME if old == new else Outcome.OLD if starts == old else Outcome.NEW

        yield "", [outcome(old)]
        for operation in operations:
            yield operation.name, [outcome(self._start(cut)) for cut in operation.torn]
            yield "", [outcome(new if operation is operations[-1] else self._start(operation.done))]

    def _start(self, state: State) -> int:
        """Return the place that starts when the power fails now."""
        return self._steps.value(self._choice, state)


@dataclass(frozen=True, slots=True)
class Operation:
    """A flash operation, in one state."""

    name: str
    after: State
    done: State
    """What a cut right after it leaves."""
    torn: tuple[State, ...]
    """What cuts inside it leave."""


Flash = tuple[int, ...]
"""What tells a cut before an operation from one inside it: the record being written, and what the slots hold."""


def operation_in(steps: Stepper, state: State) -> Operation:
    """Return the operation that goes on."""
    ways = [(steps.model.actions[number], after) for number, after in steps.successors(state)]
    after = next(after for action, after in ways if action.kind is Kind.FLASH)
    cuts = {_flash(steps, cut, state): cut for action, cut in ways if action.kind is Kind.CUT}
    whole, blank = _flash(steps, state, state), _blank(steps, state)
    if _is_erased(steps, state):
        before, done = blank, whole
    else:
        before, done = whole, blank if _is_erased(steps, after) else _flash(steps, after, state)
    torn = tuple(cut for flash, cut in cuts.items() if flash not in (before, done))
    return Operation("program" if _is_erased(steps, state) else "erase", after, cuts[done], torn)


def _is_erased(steps: Stepper, state: State) -> bool:
    """Tell whether the sector of a record is blank, and the record about to be programmed."""
    return steps.as_dict(state)["phase"] == Phase.PROGRAM


def _flash(steps: Stepper, state: State, begun: State) -> Flash:
    fields, sector = steps.as_dict(state), steps.as_dict(begun)["sector"]
    contents = (value for name, value in fields.items() if name.endswith("_content"))
    return fields[f"record{sector}_check"], fields[f"record{sector}_word"], *contents


def _blank(steps: Stepper, state: State) -> Flash:
    return Check.EMPTY, Word.UNDEFINED, *_flash(steps, state, state)[2:]


def _cell(label: str, outcomes: Counter[Outcome]) -> Cell:
    return Cell(label, tuple((outcome, outcomes[outcome]) for outcome in Outcome if outcomes[outcome]))


_LEFT, _TOP, _WIDE, _NARROW, _HEIGHT, _GAP = 146, 72, 150, 92, 34, 7
_SPAN = 2 * _WIDE + _NARROW + 6
"""Width of the one operation of a call that has no other."""
_HEADS = ("before", "erase", "between", "program", "after")


def strips_drawing() -> Drawing:
    """Return the strips of both builds."""
    items: list[Box | Text | Rule] = [
        Text(16, 22, "The power fails inside a call: what starts next?", 15, is_bold=True)
    ]
    y = float(_TOP)
    sentences = []
    states = " and ".join(f"{len(reachable(stepper(scope_of(r)))):,}" for r in BUILDS.values())
    note = f"over all {states} states of a device with two slots, after any cuts before"
    items.append(Text(16, 41, note, 10.5, FAINT))
    for build, rollback in BUILDS.items():
        items.append(Text(16, y, f"{build}", 12.5, is_bold=True))
        items += _heads(y)
        y += 16
        for strip in strips(rollback):
            items += _strip_items(strip, y)
            sentences.append(f"{build}, {_sentence(strip)}")
            y += _HEIGHT + _GAP
        y += 22
    items += _legend(y - 6)
    return Drawing(
        "outcome-strips",
        "What starts when the power fails inside a call",
        "For each call and each moment of its flash operations, over all states that a device with two slots comes to, "
        "what the next power-on starts. " + " ".join(sentences),
        760,
        y + 14,
        tuple(items),
    )


def _strip_items(strip: Strip, y: float) -> Iterator[Box | Text | Rule]:
    yield Text(_LEFT - 8, y + _HEIGHT / 2, strip.call, 11.5, INK, Anchor.END, is_bold=True)
    x = float(_LEFT)
    for cell in strip.cells:
        width = (_NARROW if not cell.label else _WIDE) if len(strip.cells) > 3 or not cell.label else _SPAN
        height = _HEIGHT / len(cell.outcomes)
        for place, (outcome, count) in enumerate(cell.outcomes):
            colours = _TONES[outcome].colours
            where = f"cut inside {cell.label}" if cell.label else "cut between operations"
            yield Box(
                x,
                y + place * height,
                width,
                height,
                colours.fill,
                colours.line,
                f"{where}: {outcome.name}, {count} ways",
            )
            middle = y + (place + 0.5) * height
            yield Text(x + width / 2, middle, outcome.value, 11 if height > 12 else 9, colours.text, Anchor.MIDDLE)
        x += width + 3


def _heads(y: float) -> Iterator[Text]:
    x = float(_LEFT)
    for head in _HEADS:
        width = _WIDE if head in ("erase", "program") else _NARROW
        text = f"inside {head}" if width == _WIDE else head
        yield Text(x + width / 2, y, text, 10.5, FAINT, Anchor.MIDDLE)
        x += width + 3


def _legend(y: float) -> Iterator[Box | Text | Rule]:
    cells = [cell for rollback in BUILDS.values() for strip in strips(rollback) for cell in strip.cells]
    met = {outcome for cell in cells for outcome, _ in cell.outcomes}
    for place, outcome in enumerate(outcome for outcome in Outcome if outcome in met):
        colours = _TONES[outcome].colours
        x, line = 16 + 188 * place, y
        yield Box(x, line - 6, 12, 12, colours.fill, colours.line)
        yield Text(x + 18, line, f"{outcome.value}: {_TEXTS[outcome]}", 10.5, colours.text)


def _sentence(strip: Strip) -> str:
    parts = [
        f"{cell.label or 'between operations'}: {' or '.join(outcome.name.lower() for outcome, _ in cell.outcomes)}"
        for cell in strip.cells
    ]
    return f"{strip.call}: {', '.join(parts)}."
