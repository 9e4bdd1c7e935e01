"""Every transition of the life-cycle table as a matrix: for each pair of states, the least unusual cause.

The life-cycle diagram leaves out transitions that need torn bytes, as there are too many; the matrix has them all.
"""

from enum import Enum

from ...model.fault_model import FaultModel
from ...model.slot.life_cycle import RowKind
from ...model.slot.situation import State
from ..drawing.canvas import Anchor, Box, Drawing, Stroke, Text
from ..drawing.palette import FAINT, INK, Tone
from .slot_states import SlotTransition, moves


class LeastCause(Enum):
    """Causes of a transition, from the most to the least ordinary; the value is the text of the cell."""

    CALLS = "calls"
    MISUSE = "misuse"
    FOREIGN = "foreign"
    ERROR = "flash error"
    F0 = "cut F0"
    F2 = "cut F2"
    F3 = "cut F3"


_TEXTS = {
    LeastCause.CALLS: "documented use",
    LeastCause.MISUSE: "calls out of order",
    LeastCause.FOREIGN: "a record of another build",
    LeastCause.ERROR: "a flash operation fails",
    LeastCause.F0: "a cut between operations",
    LeastCause.F2: "a cut, torn by bytes",
    LeastCause.F3: "a cut, torn by bits",
}
_TONES = {
    LeastCause.CALLS: Tone.BLUE,
    LeastCause.MISUSE: Tone.PURPLE,
    LeastCause.FOREIGN: Tone.PURPLE,
    LeastCause.ERROR: Tone.ORANGE,
    LeastCause.F0: Tone.RED,
    LeastCause.F2: Tone.RED,
    LeastCause.F3: Tone.RED,
}
_LEFT, _TOP, _WIDTH, _HEIGHT = 110.0, 96.0, 88.0, 46.0


def needs(rollback: bool) -> dict[tuple[State, State], tuple[LeastCause, tuple[str, ...]]]:
    """Return, for each pair of states, the most ordinary cause of the transition and the events in which it occurs."""
    found: dict[tuple[State, State], dict[LeastCause, dict[str, None]]] = {}
    for need in LeastCause:
        for move in _moves_by(need, rollback):
            found.setdefault((move.before, move.after), {}).setdefault(need, {})[move.event.value] = None
    return {pair: (least := next(iter(by_need)), tuple(by_need[least])) for pair, by_need in found.items()}


def _moves_by(need: LeastCause, rollback: bool) -> list[SlotTransition]:
    kinds = {
        LeastCause.CALLS: RowKind.NORMAL,
        LeastCause.MISUSE: RowKind.MISUSE,
        LeastCause.FOREIGN: RowKind.FOREIGN,
        LeastCause.ERROR: RowKind.FLASH_ERROR,
    }
    if need in kinds:
        return moves([kinds[need]], rollback)
    return moves([RowKind.POWER_CUT], rollback, FaultModel[need.name])


def moves_drawing(rollback: bool) -> Drawing:
    """Return the matrix of a build."""
    build = "with" if rollback else "without"
    cells = needs(rollback)
    states = tuple(State)
    right = _LEFT + _WIDTH * len(states)
    title = f"Every transition between the states of a slot, {build} rollback"
    items: list[Box | Text | Stroke] = [
        Text(16, 22, title, 15, is_bold=True),
        Text(
            16,
            42,
            "A cell shows the most ordinary cause and the calls. Left out: the state that a second record reports.",
            10.5,
            FAINT,
        ),
        Text(_LEFT + _WIDTH * len(states) / 2, _TOP - 30, "to", 10.5, FAINT, Anchor.MIDDLE),
        Text(_LEFT - 8, _TOP - 12, "from", 10.5, FAINT, Anchor.END),
    ]
    for column, after in enumerate(states):
        middle = _LEFT + _WIDTH * (column + 0.5)
        items.append(Text(middle, _TOP - 12, after.value, 11.5, INK, Anchor.MIDDLE, is_bold=True))
    for row, before in enumerate(states):
        y = _TOP + _HEIGHT * row
        items.append(Text(_LEFT - 8, y + _HEIGHT / 2, before.value, 11.5, INK, Anchor.END, is_bold=True))
        for column, after in enumerate(states):
            x = _LEFT + _WIDTH * column
            if (before, after) in cells:
                items += _cell(x, y, *cells[before, after])
    y = _TOP + _HEIGHT * len(states) + 22
    met = [need for need in LeastCause if need in {need for need, _ in cells.values()}]
    for place, need in enumerate(met):
        colours = _TONES[need].colours
        x = 16 + 180 * (place % 4)
        items.append(Text(x, y + 18 * (place // 4), f"{need.value}: {_TEXTS[need]}", 10, colours.text))
    sentences = [f"From {a.value} to {b.value}: {n.value} ({', '.join(e)})." for (a, b), (n, e) in cells.items()]
    return Drawing(
        f"moves-{build}-rollback",
        title,
        "For each pair of states, the most ordinary cause of the transition. " + " ".join(sentences),
        right + 16,
        y + 18 * ((len(met) + 3) // 4) + 4,
        tuple(items),
    )


def _cell(x: float, y: float, need: LeastCause, events: tuple[str, ...]) -> list[Box | Text]:
    colours = _TONES[need].colours
    middle = x + (_WIDTH - 4) / 2
    lines = [need.value, *_lines(events)]
    first = y + (_HEIGHT - 4) / 2 - 5.5 * (len(lines) - 1)
    return [
        Box(x, y, _WIDTH - 4, _HEIGHT - 4, colours.fill, colours.line, f"{need.value}: {', '.join(events)}"),
        *(
            Text(
                middle,
                first + 11 * place,
                line,
                10 if place == 0 else 8.5,
                colours.text,
                Anchor.MIDDLE,
                is_bold=place == 0,
            )
            for place, line in enumerate(lines)
        ),
    ]


def _lines(events: tuple[str, ...]) -> list[str]:
    """Return the events in at most two lines."""
    if len(events) > 3:
        return [f"{len(events)} calls"]
    text = ", ".join(event.replace("erase_otadata", "erase") for event in events)
    if len(text) <= 18 or len(events) == 1:
        return [text]
    first, *others = text.split(", ")
    return [f"{first},", ", ".join(others)]
