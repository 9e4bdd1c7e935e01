"""The drawn life cycle as parts of a page: its shapes, and where each state lies, so that slots can be put there."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

_SVG = "{http://www.w3.org/2000/svg}"
_FOLDER = Path(__file__).parent.parent / "drawn"
_SHAPES = {f"{_SVG}{name}" for name in ("path", "polygon", "polyline", "ellipse", "text")}


@dataclass(frozen=True, slots=True)
class StatePlace:
    """The box of a state; lengths are points, y grows downwards."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class DrawnLifeCycle:
    """The drawing of a build."""

    width: float
    height: float
    title: str
    description: str
    shapes: str
    """SVG elements, without background and caption."""
    places: dict[str, StatePlace]
    """By the name of a state that the build has."""


@lru_cache(maxsize=2)
def drawn_life_cycle(rollback: bool) -> DrawnLifeCycle:
    """Return the drawing that diagrams/drawn has for a build."""
    file = _FOLDER / f"life-cycle-{'with' if rollback else 'without'}-rollback.svg"
    root = ElementTree.fromstring(file.read_text(encoding="utf-8"))
    graph = root.find(f"{_SVG}g")
    assert graph is not None, "Graphviz draws one group"
    shift = graph.get("transform", "").rpartition("translate(")[2].rstrip(")").split()
    left, top = float(shift[0]), float(shift[1])
    places: dict[str, StatePlace] = {}
    shapes: list[str] = []
    for group in graph.findall(f"{_SVG}g"):
        kind = group.get("class")
        if kind not in ("node", "edge"):
            continue  # the background, and the caption that the page has in its own words
        shapes += [_plain(element) for element in group.iter() if element.tag in _SHAPES]
        if kind == "node":
            place = _place(group, left, top)
            if place is not None:
                places[group.findtext(f"{_SVG}title", "")] = place
    box = [float(number) for number in root.get("viewBox", "").split()]
    return DrawnLifeCycle(
        box[2],
        max(place.y + place.height for place in places.values()) + 12,
        root.findtext(f"{_SVG}title", ""),
        root.findtext(f"{_SVG}desc", ""),
        f'<g transform="translate({left} {top})">{"".join(shapes)}</g>',
        places,
    )


def _plain(element: ElementTree.Element) -> str:
    """Return an element without its namespace."""
    copy = ElementTree.Element(element.tag.removeprefix(_SVG), dict(element.attrib))
    copy.text = element.text
    return ElementTree.tostring(copy, encoding="unicode")


def _place(group: ElementTree.Element, left: float, top: float) -> StatePlace | None:
    """Return the box of a node; None for a text without one."""
    outline = next((e for e in group.iter() if e.tag in (f"{_SVG}path", f"{_SVG}polygon")), None)
    if outline is None:
        return None
    text = outline.get("d") or outline.get("points") or ""
    numbers = [float(number) for number in text.replace(",", " ").translate(str.maketrans("MCLZ", "    ")).split()]
    xs, ys = numbers[::2], numbers[1::2]
    return StatePlace(min(xs) + left, min(ys) + top, max(xs) - min(xs), max(ys) - min(ys))
