"""A name means one thing: no two rooms share a file name, and no two classes a name."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from places import ROOT

ROOMS = ("model", "impl", "proofs", "campaign", "project", "analysis", "diagrams", "cli", "docs/spec_generator")


def modules() -> dict[str, str]:
    """Return the source of every module, by its path; the docstring of a package is no module."""
    paths = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if path.stem != "__init__")
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def room_of(module: str) -> str:
    """Return the room that a module lies in, by its path."""
    return next(room for room in ROOMS if module.startswith(f"{room}/"))


def shared_stems(paths: Iterable[str]) -> dict[str, set[str]]:
    """Return the file names that more than one room has, with the rooms."""
    rooms: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        rooms[Path(path).stem].add(room_of(path))
    return {stem: found for stem, found in rooms.items() if len(found) > 1}


def shared_classes(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the class names that more than one module defines, with the modules. A leading underscore is no name."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, source in sources.items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(path)
    return {name: found for name, found in places.items() if len(found) > 1}


@pytest.mark.drift
def test_no_two_rooms_share_a_file_name() -> None:
    """A file that is named in a talk is found in one guess."""
    assert {} == shared_stems(modules())


@pytest.mark.drift
def test_a_class_name_means_one_thing() -> None:
    """A reader who has met a class knows it wherever the name comes up."""
    assert {} == shared_classes(modules())


def test_shared_names_are_caught() -> None:
    """The guard itself can fail."""
    sources = {"model/terms/a.py": "class Row: ...", "cli/a.py": "class _Row: ...", "cli/reports/b.py": "class B: ..."}
    assert {"a": {"model", "cli"}} == shared_stems(sources)
    assert {"Row": ["model/terms/a.py", "cli/a.py"]} == shared_classes(sources)
