"""The first upgrade of a new device as a strip: which image starts after a power cut at each flash operation.

The trace is one of the device model: two slots, blank otadata, restart-at-once usage.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ...model.device.action import Kind
from ...model.device.selection import boot_choice
from ...model.device.state import Phase, Task
from ...model.device.stepper import State, Stepper, stepper
from ..drawing.canvas import Anchor, Box, Drawing, Stroke, Text
from ..drawing.palette import FAINT, INK, Tone
from .strips import BUILDS, operation_in, scope_of

_SCRIPT = (
    ("first power_on()", "power_on"),
    ("commence()", "commence"),
    ("write(…)", "write_first"),
    ("write(…)", "write_rest"),
    ("complete(1)", "complete"),
    ("power_on()", ""),
    ("accept()", "accept"),
)
"""Name of a call, and the action that begins it; empty where the call before it restarts."""
_WIDTHS = "Wide: a power cut inside the operation. Narrow: right after it. Blank: nothing is written."
OLD, NEW = 0, 1
"""The slots; the device leaves the factory with an image in ota_0."""


@dataclass(frozen=True, slots=True)
class UpgradeOperation:
    """A flash operation of the upgrade, with the images that start after a cut inside it and after it."""

    call: int
    """Index in the script."""
    operation: str
    inside: tuple[int, ...]
    """The places whose images start after a cut inside it."""
    after: tuple[int, ...]


def upgrade_operations(rollback: bool) -> tuple[UpgradeOperation, ...]:
    """Return the flash operations of the upgrade, with the images that start after a cut in each."""
    steps = stepper(scope_of(rollback))
    choice = boot_choice(steps.model.scope, steps.model.device)
    state = steps.initial
    found: list[UpgradeOperation] = []

    def starts(cut: State) -> int:
        return steps.value(choice, cut)

    def finish(place: int) -> None:
        """Step until the application runs, or until the restart that ends the call."""
        nonlocal state
        is_boot = not _SCRIPT[place][1] or place == 0
        while steps.as_dict(state)["task"] != Task.RUN and (is_boot or steps.as_dict(state)["task"] != Task.SELECT):
            if steps.as_dict(state)["task"] in (Task.OFF, Task.SELECT, Task.STARTED):
                state = _whole_step(steps, state)
                continue
            operation = operation_in(steps, state)
            is_last = steps.as_dict(operation.after)["phase"] != Phase.PROGRAM
            after = starts(operation.after) if is_last else starts(operation.done)
            inside = tuple(sorted({starts(cut) for cut in operation.torn}))
            found.append(UpgradeOperation(place, operation.name, inside or (after,), (after,)))
            state = operation.after

    for place, (_, action) in enumerate(_SCRIPT):
        if action:
            after = steps.step(state, action)
            assert after is not None, f"the upgrade of the device model has no {action}"
            if action.startswith("write"):
                found.append(
                    UpgradeOperation(place, "program", tuple(sorted({starts(state), starts(after)})), (starts(after),))
                )
            state = after
        finish(place)
    return tuple(found)


def _whole_step(steps: Stepper, state: State) -> State:
    """Return the state after the only step that is neither a cut nor a restart."""
    successors = [(steps.model.actions[number], after) for number, after in steps.successors(state)]
    return next(after for action, after in successors if action.kind is not Kind.CUT and action.name != "restart")


_LEFT, _TOP, _INSIDE, _AFTER, _HEIGHT = 132, 80, 37, 25, 38


def upgrade_drawing() -> Drawing:
    """Return the drawing of the upgrade in both builds, one below the other."""
    moments = {
        build: tuple(moment for moment in upgrade_operations(rollback) if moment.call > 0)
        for build, rollback in BUILDS.items()
    }
    columns = list(dict.fromkeys((m.call, m.operation) for build in moments.values() for m in build))
    columns.sort(key=lambda column: (column[0], column[1] == "program"))
    places: dict[tuple[int, str], float] = {}
    items: list[Box | Text | Stroke] = [
        Text(16, 22, "One upgrade: which image starts after a power cut here?", 15, is_bold=True)
    ]
    x = float(_LEFT)
    for number, column in enumerate(columns):
        if number and columns[number - 1][0] != column[0]:
            x += 9
        places[column] = x
        x += _INSIDE + _AFTER
    items += _headings(columns, places)
    y = float(_TOP)
    for build, found in moments.items():
        items.append(Text(_LEFT - 10, y + _HEIGHT / 2, build, 11.5, INK, Anchor.END, is_bold=True))
        for moment in found:
            items += _moment_items(moment, places[moment.call, moment.operation], y)
        y += _HEIGHT + 10
    items += [
        Text(
            _LEFT,
            y + 4,
            _WIDTHS,
            10,
            FAINT,
        ),
        Text(_LEFT, y + 20, "old: ota_0 starts. new: ota_1 starts, the target of the upgrade.", 10, FAINT),
    ]
    return Drawing(
        "upgrade-strip",
        "One upgrade, and which image starts after a power cut",
        "A device with an image in ota_0 receives one in ota_1. "
        + " ".join(f"{build}: {_sentence(found)}" for build, found in moments.items()),
        x + 16,
        y + 36,
        tuple(items),
    )


def _headings(columns: list[tuple[int, str]], places: dict[tuple[int, str], float]) -> Iterator[Text]:
    for call in dict.fromkeys(call for call, _ in columns):
        xs = [places[column] for column in columns if column[0] == call]
        is_second_write = call and _SCRIPT[call][0] == _SCRIPT[call - 1][0]
        text = "…" if is_second_write else _SCRIPT[call][0]
        yield Text((xs[0] + xs[-1] + _INSIDE + _AFTER) / 2, _TOP - 26, text, 10.5, INK, Anchor.MIDDLE, is_bold=True)
    for column in columns:
        yield Text(places[column] + _INSIDE / 2, _TOP - 10, column[1], 9.5, FAINT, Anchor.MIDDLE)


def _moment_items(moment: UpgradeOperation, x: float, y: float) -> Iterator[Box | Text]:
    for at, width, starts in ((x, _INSIDE, moment.inside), (x + _INSIDE, _AFTER, moment.after)):
        height = _HEIGHT / len(starts)
        for number, place in enumerate(starts):
            colours = {OLD: Tone.BLUE, NEW: Tone.GREEN}.get(place, Tone.PURPLE).colours
            tip = f"{_SCRIPT[moment.call][0]}: {'inside' if width == _INSIDE else 'after'} {moment.operation}"
            yield Box(at, y + number * height, width, height, colours.fill, colours.line, tip)
            text = {OLD: "old", NEW: "new"}.get(place, "none")
            yield Text(
                at + width / 2,
                y + (number + 0.5) * height,
                text,
                10 if width == _INSIDE else 9,
                colours.text,
                Anchor.MIDDLE,
            )


def _sentence(moments: tuple[UpgradeOperation, ...]) -> str:
    parts = []
    for moment in moments:
        inside = " or ".join(f"ota_{place}" for place in moment.inside)
        parts.append(f"{_SCRIPT[moment.call][0]} {moment.operation}: {inside} inside, ota_{moment.after[0]} after")
    return "; ".join(parts) + "."
