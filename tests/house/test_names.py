"""A name means one thing: a file name exists once in the tree, and so does the name of a class."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from places import ROOT
from spec_generator.library_pages import PUBLIC_MODULES

ROOMS = (
    *("model", "impl", "proofs", "campaign", "project", "binary", "lua", "analysis", "diagrams", "cli"),
    *("examples", "docs/spec_generator", "library"),
)
FRONTS = {f"library/{name}.py" for name in PUBLIC_MODULES}
"""Public modules, which hold names of other modules and have the name of what they are about."""


def modules() -> dict[str, str]:
    """Return the source of every module, by its path; the docstring of a package is no module."""
    paths = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if path.stem != "__init__")
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def shared_file_names(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the file names that exist more than once, with their paths."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        places[Path(path).name].append(path)
    return {name: found for name, found in places.items() if len(found) > 1}


def shared_classes(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the class names that more than one module defines, with the modules. A leading underscore is no name."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, source in sources.items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(path)
    return {name: found for name, found in places.items() if len(found) > 1}


@pytest.mark.drift
def test_a_file_name_exists_once() -> None:
    """So a file is known by its name."""
    assert {} == shared_file_names(modules().keys() - FRONTS)


@pytest.mark.drift
def test_a_class_name_means_one_thing() -> None:
    """A reader who has met a class knows it wherever the name comes up."""
    assert {} == shared_classes(modules())


def test_shared_names_are_caught() -> None:
    """The guard itself can fail."""
    sources = {"model/terms/a.py": "class Row: ...", "cli/a.py": "class _Row: ...", "cli/reports/b.py": "class B: ..."}
    assert {"a.py": ["model/terms/a.py", "cli/a.py"]} == shared_file_names(sources)
    assert {"Row": ["model/terms/a.py", "cli/a.py"]} == shared_classes(sources)
