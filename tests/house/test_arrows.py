"""The arrows between the rooms: who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from places import ROOT

ROOMS = ("model", "impl", "proofs", "campaign", "diagrams", "cli")
MAY_IMPORT = {
    "model": set(),
    "impl": {"model"},
    "proofs": {"model", "impl"},
    "campaign": {"model", "impl"},
    "diagrams": {"model", "campaign"},
    "cli": {"model", "impl", "campaign", "proofs", "diagrams"},
}
NAMES_OF_MODEL = {"model.ota_state", "model.config", "model.faults"}
"""What impl may take from model: enums and configuration, no rules."""
THIRD_PARTY = {
    "model": {"transitions"},
    "impl": set(),
    "campaign": set(),
    "cli": {"rich"},
    "proofs": {"z3", "bitwuzla", "numba", "numpy", "llvmlite"},
    "diagrams": {"graphviz", "transitions"},
}
STANDARD = frozenset(__import__("sys").stdlib_module_names)


def imports_of(source: str, room: str) -> Iterator[str]:
    """Yield what a module of a room imports: "room.module" of ours, the top-level name of others."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            prefix = f"{room}." if node.level == 1 else ""
            names = [f"{prefix}{node.module}"] if node.module else [f"{prefix}{alias.name}" for alias in node.names]
            yield from names


def wrong_arrows(source: str, room: str, allows_transitions: bool = False) -> list[str]:
    """Return the imports that a module of that room must not make."""
    wrong = []
    for name in imports_of(source, room):
        target = name.split(".")[0]
        if target in ROOMS:
            is_allowed = target == room or target in MAY_IMPORT[room]
            if room == "impl" and target == "model":
                is_allowed = name in NAMES_OF_MODEL
        elif target in ("__version__", ""):
            is_allowed = True
        else:
            is_allowed = target in STANDARD or (target in THIRD_PARTY[room] and (room != "model" or allows_transitions))
        if not is_allowed:
            wrong.append(name)
    return wrong


def modules() -> list[Path]:
    """Return every module of every room."""
    return [path for room in ROOMS for path in sorted((ROOT / room).glob("*.py"))]


@pytest.mark.drift
@pytest.mark.parametrize("path", modules(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_module_imports_only_what_its_room_may(path: Path) -> None:
    """Arrows point one way; only the view module of model knows transitions."""
    is_view = path.name == "machine.py"
    assert [] == wrong_arrows(path.read_text(encoding="utf-8"), path.parent.name, allows_transitions=is_view)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("model", "from ..impl.cells import Cells"),
        ("model", "import transitions"),
        ("impl", "from ..model.lifecycle import ROWS"),
        ("impl", "from ..campaign import sweep"),
        ("impl", "import numpy"),
        ("campaign", "from ..cli import check"),
        ("campaign", "from tests import strategies"),
    ],
)
def test_wrong_arrow_is_caught(room: str, source: str) -> None:
    """The guard itself can fail."""
    assert wrong_arrows(source, room)
