"""A file name exists once in the tree, and the classes of diagrams and of the generator have names of their own."""

import ast
from collections import defaultdict

import pytest

from places import ROOT

GENERATOR = "docs/spec_generator"
ROOMS = (*sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "build"), GENERATOR)


def classes(room: str) -> set[str]:
    """Return the names of the classes at the top of a room's modules, without a leading underscore."""
    return {
        node.name.lstrip("_")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }


def test_a_file_name_exists_once() -> None:
    """So a file is known by its name."""
    found = defaultdict(list)
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if path.name != "__init__.py":
                found[path.name].append(str(path.relative_to(ROOT)))
    assert {} == {name: paths for name, paths in found.items() if len(paths) > 1}
    assert len(found) > 100


@pytest.mark.parametrize("room", ["diagrams", GENERATOR])
def test_a_class_name_means_one_thing(room: str) -> None:
    """No other room has a class of that name."""
    others = set().union(*(classes(other) for other in ROOMS if other != room))
    assert classes(room)
    assert set() == classes(room) & others
