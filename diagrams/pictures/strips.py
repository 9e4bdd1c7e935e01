"""Which image boots after a power cut at each micro-step of a call, over all reachable states of a small device.

A strip is a call. Its cells are the moments of a power cut: before the first flash operation, inside it, between it and
the next one, and so on. A cell shows which image the next power-on starts: the one that would have started before the
call, the one that starts after the call, a third image, or none. If the reachable states differ, the cell shows all.
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
from ..drawing.canvas import Anchor, Box, Drawing, Stroke, Text
from ..drawing.palette import FAINT, INK, Tone


class NextImage(Enum):
    """Which image starts at the power-on after a cut; the value is the text of the cell."""

    SAME = "="
    """The same image starts before and after the call, and also after the cut."""
    OLD = "old"
    NEW = "new"
    THIRD = "third"
    NONE = "none"


_TONES = {
    NextImage.SAME: Tone.PLAIN,
    NextImage.OLD: Tone.BLUE,
    NextImage.NEW: Tone.GREEN,
    NextImage.THIRD: Tone.RED,
    NextImage.NONE: Tone.PURPLE,
}
_TEXTS = {
    NextImage.SAME: "the same image before and after",
    NextImage.OLD: "the image before the call",
    NextImage.NEW: "the image after the call",
    NextImage.THIRD: "another image",
    NextImage.NONE: "nothing boots",
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
"""The task that writes flash, by the name of the strip."""


@dataclass(frozen=True, slots=True)
class StripCell:
    """One moment of a call."""

    label: str
    """The operation that is interrupted; empty between operations."""
    starts: tuple[tuple[NextImage, int], ...]
    """Each image that can start, with the number of (state, tear) pairs that lead to it."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One call."""

    call: str
    cells: tuple[StripCell, ...]


def scope_of(rollback: bool) -> Scope:
    """Return the scope of the small device: two slots, restart-at-once usage, any number of cuts."""
    return Scope(Config(rollback=rollback), usage=Usage.RESTART_AT_ONCE)


@lru_cache(maxsize=2)
def strips(rollback: bool) -> tuple[Strip, ...]:
    """Return the strips of a build."""
    steps = stepper(scope_of(rollback))
    reader = _StripReader(steps)
    by_task: dict[int, list[State]] = {}
    for state in reachable(steps):
        fields = steps.as_dict(state)
        if fields["phase"] == Phase.ERASE:
            by_task.setdefault(fields["task"], []).append(state)
    return tuple(Strip(call, reader.cells(by_task[task])) for call, task in _CALLS.items() if task in by_task)


class _StripReader:
    """Evaluates the boot choice after each cut in the operations of a task."""

    def __init__(self, steps: Stepper) -> None:
        self._steps = steps
        self._choice = boot_choice(steps.model.scope, steps.model.device)

    def cells(self, begins: list[State]) -> tuple[StripCell, ...]:
        """Return the cells of a task, given the states in which it begins."""
        found: list[tuple[str, Counter[NextImage]]] = []
        for state in begins:
            for place, (label, starts) in enumerate(self._moments(state)):
                if place == len(found):
                    found.append((label, Counter()))
                found[place][1].update(starts)
        return tuple(_cell(label, starts) for label, starts in found)

    def _moments(self, state: State) -> Iterator[tuple[str, list[NextImage]]]:
        """Yield (operation or "", the image that starts after each cut) for the moments of one run of the task."""
        operations = [operation_in(self._steps, state)]
        while _is_erased(self._steps, operations[-1].after):
            operations.append(operation_in(self._steps, operations[-1].after))
        old, new = self._start(state), self._start(operations[-1].after)

        def outcome(starts: int) -> NextImage:
            if starts == self._steps.model.scope.nowhere:
                return NextImage.NONE
            if starts not in (old, new):
                return NextImage.THIRD
            return NextImage.SAME if old == new else NextImage.OLD if starts == old else NextImage.NEW

        yield "", [outcome(old)]
        for operation in operations:
            yield operation.name, [outcome(self._start(cut)) for cut in operation.torn]
            yield "", [outcome(new if operation is operations[-1] else self._start(operation.done))]

    def _start(self, state: State) -> int:
        """Return the place whose image starts when the power fails now."""
        return self._steps.value(self._choice, state)


@dataclass(frozen=True, slots=True)
class FlashOperation:
    """A flash operation that is about to run in some state."""

    name: str
    after: State
    done: State
    """The state that a cut right after it leaves."""
    torn: tuple[State, ...]
    """The states that cuts inside it leave."""


Flash = tuple[int, ...]
"""The part of a state that distinguishes cuts around an operation: the record being written, the slot contents."""


def operation_in(steps: Stepper, state: State) -> FlashOperation:
    """Return the operation that is about to run."""
    successors = [(steps.model.actions[number], after) for number, after in steps.successors(state)]
    after = next(after for action, after in successors if action.kind is Kind.FLASH)
    cuts = {_flash(steps, cut, state): cut for action, cut in successors if action.kind is Kind.CUT}
    whole, blank = _flash(steps, state, state), _blank(steps, state)
    if _is_erased(steps, state):
        before, done = blank, whole
    else:
        before, done = whole, blank if _is_erased(steps, after) else _flash(steps, after, state)
    torn = tuple(cut for flash, cut in cuts.items() if flash not in (before, done))
    return FlashOperation("program" if _is_erased(steps, state) else "erase", after, cuts[done], torn)


def _is_erased(steps: Stepper, state: State) -> bool:
    """Return whether the sector of the record is erased and its program is still to come."""
    return steps.as_dict(state)["phase"] == Phase.PROGRAM


def _flash(steps: Stepper, state: State, begun: State) -> Flash:
    fields, sector = steps.as_dict(state), steps.as_dict(begun)["sector"]
    contents = (value for name, value in fields.items() if name.endswith("_content"))
    return fields[f"record{sector}_check"], fields[f"record{sector}_word"], *contents


def _blank(steps: Stepper, state: State) -> Flash:
    return Check.EMPTY, Word.UNDEFINED, *_flash(steps, state, state)[2:]


def _cell(label: str, outcomes: Counter[NextImage]) -> StripCell:
    return StripCell(label, tuple((outcome, outcomes[outcome]) for outcome in NextImage if outcomes[outcome]))


_LEFT, _TOP, _WIDE, _NARROW, _HEIGHT, _GAP = 146, 72, 150, 92, 34, 7
_SPAN = 2 * _WIDE + _NARROW + 6
"""Width of the operation of a call that has only one."""
_HEADS = ("before", "erase", "between", "program", "after")


def strips_drawing() -> Drawing:
    """Return the drawing of the strips of both builds."""
    items: list[Box | Text | Stroke] = [
        Text(16, 22, "A power cut inside a call: which image starts next?", 15, is_bold=True)
    ]
    y = float(_TOP)
    sentences = []
    states = " and ".join(f"{len(reachable(stepper(scope_of(r)))):,}" for r in BUILDS.values())
    note = f"over all {states} reachable states of a device with two slots, restart-at-once usage, any earlier cuts"
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
        "Which image starts after a power cut inside a call",
        "For each call and each moment of its flash operations: which image starts next, over all reachable "
        "states of a device with two slots. " + " ".join(sentences),
        760,
        y + 14,
        tuple(items),
    )


def _strip_items(strip: Strip, y: float) -> Iterator[Box | Text | Stroke]:
    yield Text(_LEFT - 8, y + _HEIGHT / 2, strip.call, 11.5, INK, Anchor.END, is_bold=True)
    x = float(_LEFT)
    for cell in strip.cells:
        width = (_NARROW if not cell.label else _WIDE) if len(strip.cells) > 3 or not cell.label else _SPAN
        height = _HEIGHT / len(cell.starts)
        for place, (outcome, count) in enumerate(cell.starts):
            colours = _TONES[outcome].colours
            where = f"cut inside {cell.label}" if cell.label else "cut between operations"
            yield Box(
                x,
                y + place * height,
                width,
                height,
                colours.fill,
                colours.line,
                f"{where}: {outcome.name}, {count} cases",
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


def _legend(y: float) -> Iterator[Box | Text | Stroke]:
    cells = [cell for rollback in BUILDS.values() for strip in strips(rollback) for cell in strip.cells]
    met = {outcome for cell in cells for outcome, _ in cell.starts}
    for place, outcome in enumerate(outcome for outcome in NextImage if outcome in met):
        colours = _TONES[outcome].colours
        x, line = 16 + 188 * place, y
        yield Box(x, line - 6, 12, 12, colours.fill, colours.line)
        yield Text(x + 18, line, f"{outcome.value}: {_TEXTS[outcome]}", 10.5, colours.text)


def _sentence(strip: Strip) -> str:
    parts = [
        f"{cell.label or 'between operations'}: {' or '.join(outcome.name.lower() for outcome, _ in cell.starts)}"
        for cell in strip.cells
    ]
    return f"{strip.call}: {', '.join(parts)}."
