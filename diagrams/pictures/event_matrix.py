"""Every move of the life-cycle table as a matrix: from which state to which, and the least that has to happen.

A life-cycle diagram leaves out what only torn bytes lead to, as that is almost everything; here it is all told.
"""

from enum import Enum

from ...model.fault_model import FaultModel
from ...model.slot.life_cycle import RowKind
from ...model.slot.situation import State
from ..drawing.canvas import Anchor, Box, Drawing, Rule, Text
from ..drawing.palette import FAINT, INK, Tone
from .slot_states import Move, moves


class Need(Enum):
    """The least that has to happen, in the order of how ordinary it is; the value is what stands in the cell."""

    CALLS = "calls"
    MISUSE = "misuse"
    FOREIGN = "foreign"
    ERROR = "flash error"
    F0 = "cut F0"
    F2 = "cut F2"
    F3 = "cut F3"


_TEXTS = {
    Need.CALLS: "documented use",
    Need.MISUSE: "calls out of order",
    Need.FOREIGN: "a record of another build",
    Need.ERROR: "a flash operation fails",
    Need.F0: "a cut between operations",
    Need.F2: "a cut, torn by bytes",
    Need.F3: "a cut, torn by bits",
}
_TONES = {
    Need.CALLS: Tone.BLUE,
    Need.MISUSE: Tone.PURPLE,
    Need.FOREIGN: Tone.PURPLE,
    Need.ERROR: Tone.ORANGE,
    Need.F0: Tone.RED,
    Need.F2: Tone.RED,
    Need.F3: Tone.RED,
}
_LEFT, _TOP, _WIDTH, _HEIGHT = 110.0, 96.0, 88.0, 46.0


def needs(rollback: bool) -> dict[tuple[State, State], tuple[Need, tuple[str, ...]]]:
    """Return, by pair of states, the least that leads from one to the other, and the events in which it does."""
    found: dict[tuple[State, State], dict[Need, dict[str, None]]] = {}
    for need, ways in ((need, _ways(need, rollback)) for need in Need):
        for move in ways:
            found.setdefault((move.before, move.after), {}).setdefault(need, {})[move.event.value] = None
    return {pair: (least := next(iter(by_need)), tuple(by_need[least])) for pair, by_need in found.items()}


def _ways(need: Need, rollback: bool) -> list[Move]:
    kinds = {
        Need.CALLS: RowKind.NORMAL,
        Need.MISUSE: RowKind.MISUSE,
        Need.FOREIGN: RowKind.FOREIGN,
        Need.ERROR: RowKind.FLASH_ERROR,
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
    title = f"Every move between the states of a slot, {build} rollback"
    items: list[Box | Text | Rule] = [
        Text(16, 22, title, 15, is_bold=True),
        Text(
            16,
            42,
            "A cell tells the least that has to happen, and in which calls. Left out: what a second record says.",
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
    met = [need for need in Need if need in {need for need, _ in cells.values()}]
    for place, need in enumerate(met):
        colours = _TONES[need].colours
        x = 16 + 180 * (place % 4)
        items.append(Text(x, y + 18 * (place // 4), f"{need.value}: {_TEXTS[need]}", 10, colours.text))
    sentences = [f"From {a.value} to {b.value}: {n.value} ({', '.join(e)})." for (a, b), (n, e) in cells.items()]
    return Drawing(
        f"moves-{build}-rollback",
        title,
        "For each pair of states, the least that leads from one to the other. " + " ".join(sentences),
        right + 16,
        y + 18 * ((len(met) + 3) // 4) + 4,
        tuple(items),
    )


def _cell(x: float, y: float, need: Need, events: tuple[str, ...]) -> list[Box | Text]:
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
    """Return at most two lines of events."""
    if len(events) > 3:
        return [f"{len(events)} calls"]
    text = ", ".join(event.replace("erase_otadata", "erase") for event in events)
    if len(text) <= 18 or len(events) == 1:
        return [text]
    first, *others = text.split(", ")
    return [f"{first},", ", ".join(others)]
