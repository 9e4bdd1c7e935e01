"""What is installed is what lies here, under one name."""

import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import otaproof
from places import ROOT

VECTORS = "otaproof.examples.vectors"
"""The package of the wheel that has no module; tests/data/vectors is its folder here."""


def setuptools_table() -> dict[str, Any]:
    """Return what pyproject.toml says to setuptools."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    return table


def data_files() -> dict[Path, Path]:
    """Return the files of the wheel that are no modules: where each lies in the package, and where it lies here."""
    table = setuptools_table()
    found: dict[Path, Path] = {}
    for package, patterns in table["package-data"].items():
        place = Path(*package.split(".")[1:])
        folder = ROOT / table["package-dir"].get(package, place)
        found |= {place / path.relative_to(folder): path for pattern in patterns for path in folder.glob(pattern)}
    return found


def packages() -> list[Path]:
    """Return the rooms and sub-rooms: the folders below the root that are packages of the wheel."""
    rooms = [init.parent for init in ROOT.glob("*/__init__.py") if init.parent.name != "build"]
    return [init.parent for room in rooms for init in sorted(room.rglob("__init__.py"))]


@pytest.mark.drift
def test_every_room_with_modules_is_a_package_of_the_wheel() -> None:
    """The list in pyproject.toml is written by hand."""
    rooms = [".".join(("otaproof", *room.relative_to(ROOT).parts)) for room in packages()]
    assert sorted(["otaproof", *rooms, VECTORS]) == sorted(setuptools_table()["packages"])


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


@pytest.mark.drift
def test_all_data_of_the_package_is_installed() -> None:
    """The verdicts, the example and the sample of the vectors, which the installed commands read."""
    installed, files = Path(otaproof.__file__).parent, data_files()
    assert [] == [path for path, here in files.items() if (installed / path).read_bytes() != here.read_bytes()]
    needed = {"analysis/verdicts.json", "analysis/remedies.json", "py.typed"}
    needed |= {"examples/two-slot/sdkconfig", "examples/vectors/images/alpha.bin"}
    needed |= {"cli/reports/html/templates/check.html", "cli/reports/html/assets/page.js"}
    needed |= {"diagrams/drawn/life-cycle-with-rollback.svg", "diagrams/drawn/life-cycle-without-rollback.svg"}
    assert needed <= set(map(str, files))


@pytest.mark.slow
def test_distributions_are_complete_at_every_depth(tmp_path: Path) -> None:
    """The wheel has every module and all data, and nothing else; the source distribution all that its tests read."""
    clone = tmp_path / "clone"
    left_out = ("build", "dist", ".venv", ".git", "update", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(*left_out))
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, clone], check=True, capture_output=True
    )
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {Path(name).relative_to("otaproof") for name in wheel.namelist() if name.startswith("otaproof/")}
    modules = {module.relative_to(ROOT) for room in (ROOT, *packages()) for module in room.glob("*.py")}
    assert modules | data_files().keys() == inside
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as source:
        packed = {Path(*Path(name).parts[1:]) for name in source.getnames()}
    here = {path.relative_to(clone) for path in clone.rglob("*") if path.is_file()}
    assert {path for path in here - packed if not any(part.endswith(".egg-info") for part in path.parts)} == set()


def test_no_module_is_loaded_under_a_second_name() -> None:
    """A module of two names has two copies of each enum, and they are not equal."""
    roots = {place.resolve() for place in (ROOT, Path(otaproof.__file__).parent)}
    rooms = {room.relative_to(ROOT).parts[0] for room in packages()}
    strangers = [
        name
        for name, module in list(sys.modules.items())
        if (file := getattr(module, "__file__", None)) is not None
        and name.partition(".")[0] != "otaproof"
        and any(
            path.is_relative_to(root) and path.relative_to(root).parts[0] in {*rooms, "__init__.py", "errors.py"}
            for path in (Path(file).resolve(),)
            for root in roots
        )
    ]
    assert [] == strangers
