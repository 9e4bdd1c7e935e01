"""What is installed is what lies here, under one name; and the pins cover what an install needs."""

import importlib.metadata
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import otaproof
from places import ROOT

PYTHONS = ("3.11", "3.12", "3.13")


def packages() -> list[Path]:
    """Return the rooms and sub-rooms: the folders below the root that are packages of the wheel."""
    rooms = [init.parent for init in ROOT.glob("*/__init__.py") if init.parent.name != "build"]
    return [init.parent for room in rooms for init in sorted(room.rglob("__init__.py"))]


def pins() -> dict[str, str]:
    """Return the version that constraints.txt has for each distribution."""
    requirements = (ROOT / "constraints.txt").read_text().splitlines()
    lines = [line.partition("==") for line in requirements if not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in lines}


def required(root: Requirement, python: str) -> set[str]:
    """Return the distributions that an install of `root` needs, by what those installed here declare."""
    environment: Mapping[str, str] = {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    found: set[tuple[str, str]] = set()
    open_ones = [(canonicalize_name(root.name), extra) for extra in ("", *root.extras)]
    while open_ones:
        name, extra = open_ones.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for line in importlib.metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra}):
                open_ones += [(canonicalize_name(requirement.name), more) for more in ("", *requirement.extras)]
    return {name for name, _ in found} - {canonicalize_name(root.name)}


@pytest.mark.drift
def test_every_room_with_modules_is_a_package_of_the_wheel() -> None:
    """The list in pyproject.toml is written by hand."""
    rooms = [".".join(("otaproof", *room.relative_to(ROOT).parts)) for room in packages()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert sorted(["otaproof", *rooms]) == sorted(project["tool"]["setuptools"]["packages"])


@pytest.mark.drift
def test_every_module_here_is_installed_with_the_same_contents() -> None:
    """So the tests test this tree, whether they run against a wheel or an editable install."""
    installed = Path(otaproof.__file__).parent
    modules = [module for room in (ROOT, *packages()) for module in sorted(room.glob("*.py"))]
    different = [
        str(module.relative_to(ROOT))
        for module in modules
        if not (copy := installed / module.relative_to(ROOT)).is_file() or copy.read_bytes() != module.read_bytes()
    ]
    assert [] == different


def test_no_module_is_loaded_under_a_second_name() -> None:
    """A module of two names has two copies of each enum, and they are not equal."""
    places = {ROOT, Path(otaproof.__file__).parent}
    roots = {place.resolve() for place in places}
    strangers = [
        name
        for name, module in list(sys.modules.items())
        if (file := getattr(module, "__file__", None)) is not None
        and name.partition(".")[0] != "otaproof"
        and ((path := Path(file).resolve()).parent in roots or path.parent.parent in roots)
        and path.parent.name not in ("tests", "examples")
    ]
    assert [] == strangers


@pytest.mark.drift
@pytest.mark.parametrize("python", PYTHONS)
def test_pins_cover_all_that_an_install_with_tools_needs(python: str) -> None:
    """Without a pin a fresh install takes what is newest that day."""
    assert set() == required(Requirement("otaproof[dev]"), python) - set(pins())


@pytest.mark.drift
def test_pins_meet_the_ranges_of_the_project() -> None:
    """A pin outside them cannot be installed."""
    declared = [Requirement(line) for line in importlib.metadata.requires("otaproof") or []]
    outside = [str(want) for want in declared if pins()[canonicalize_name(want.name)] not in want.specifier]
    assert [] == outside


@pytest.mark.drift
def test_every_pin_is_a_version_and_names_no_host() -> None:
    """The package index is the user's choice."""
    assert [] == [f"{name}{version}" for name, version in pins().items() if not version or "/" in name + version]
