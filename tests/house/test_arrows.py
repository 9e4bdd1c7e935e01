"""The arrows between the rooms: who may import whom. The contracts are in .importlinter."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT

ROOMS = (
    "model",
    "impl",
    "proofs",
    "campaign",
    "project",
    "binary",
    "lua",
    "analysis",
    "diagrams",
    "examples",
    "cli",
    "library",
)
THIRD_PARTY = {
    "model": set(),
    "model/slot/state_machine.py": {"transitions"},
    "impl": set(),
    "proofs": {"z3", "bitwuzla", "numba", "numpy", "llvmlite"},
    "proofs/certificates/sat_solver.py": {"pysat"},
    "campaign": set(),
    "project": set(),
    "binary": {"elftools", "pypcode", "unicorn", "z3"},
    "lua": set(),  # lua_machine.py finds lupa by its version
    "analysis": set(),
    "diagrams": {"graphviz", "transitions"},
    "examples": set(),
    "examples/build_images.py": {"otaproof"},  # a script too
    "examples/notebook/lost_update.py": {"marimo", "otaproof"},
    "examples/pytest/conftest.py": {"otaproof", "pytest"},
    "examples/pytest/test_lost_update.py": {"otaproof", "pytest"},
    "cli": {"cyclopts", "rich"},
    "cli/json_text.py": {"msgspec"},
    "cli/reports/html/page.py": {"jinja2", "markupsafe"},
    "cli/reports/html/stepper_view.py": {"markupsafe"},
    "library": set(),
    "library/pytest_plugin.py": {"pytest"},
    "library/strategies.py": {"hypothesis"},
}
"""What a room may take from elsewhere; a module of its own line may take that instead."""


def outside(source: str) -> set[str]:
    """Return the top-level names that a module imports from neither this package nor the standard library."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0]
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


def not_allowed(module: str, source: str) -> set[str]:
    """Return what a module, named by its path, must not import from outside."""
    return outside(source) - THIRD_PARTY.get(module, THIRD_PARTY[module.split("/", maxsplit=1)[0]])


def modules() -> list[str]:
    """Return every module of every room, at every depth, by its path."""
    return [str(path.relative_to(ROOT)) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def broken_contracts(package: Path) -> list[str]:
    """Return the contracts that a copy of the package breaks; it lies in a folder that can be imported from."""
    python_path = os.pathsep.join([str(package.parent), str(ROOT / "docs")])
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", ROOT / ".importlinter"],
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": python_path},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [line.removesuffix("BROKEN").strip() for line in run.stdout.splitlines() if line.endswith("BROKEN")]
    assert (run.returncode == 0) == (not broken), run.stdout + run.stderr
    return broken


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to plant an import in."""
    (tmp_path / "otaproof").mkdir()
    for path in ROOT.glob("*.py"):
        shutil.copy(path, tmp_path / "otaproof" / path.name)
    for room in ROOMS:
        shutil.copytree(
            ROOT / room, tmp_path / "otaproof" / room, ignore=shutil.ignore_patterns("drawn", "__pycache__")
        )
    return tmp_path / "otaproof"


@pytest.mark.drift
@pytest.mark.parametrize("module", modules())
def test_module_imports_only_what_its_room_may(module: str) -> None:
    """From outside, a room takes what THIRD_PARTY says; only the view of the life cycle knows transitions."""
    assert set() == not_allowed(module, (ROOT / module).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("model/slot/view.py", "import transitions"),
        ("impl/chip/flash.py", "import numpy"),
        ("campaign/upgrade/sweep.py", "def sweep(): from z3 import Solver"),
        ("campaign/upgrade/sweep.py", "from tests import strategies"),
    ],
)
def test_import_from_outside_is_caught(module: str, source: str) -> None:
    """The guard itself can fail, at any depth."""
    assert not_allowed(module, source)


@pytest.mark.drift
def test_contracts_hold() -> None:
    """Arrows point one way, between the rooms and inside each."""
    assert [] == broken_contracts(ROOT)


@pytest.mark.parametrize(
    ("module", "source", "contract"),
    [
        ("model/terms/evaluate.py", "from ...impl.chip.cells import Cells", "Arrows between the rooms"),
        ("proofs/explicit/compiled/codegen.py", "from ....cli import main", "Arrows between the rooms"),
        ("campaign/history/history.py", "from ...proofs.smt import lemma", "Arrows between the rooms"),
        ("impl/app/esp_ota.py", "from ...model.slot.life_cycle import TABLE", "impl takes names from model"),
        ("model/terms/terms.py", "def late(): from ..device import state", "Arrows within model"),
        ("campaign/history/history.py", "from ..upgrade import sweep", "Arrows within campaign"),
        ("project/settings.py", "from .resolve import resolve", "Arrows within project"),
        ("project/doctor/rules/kconfig.py", "from . import trial", "Rules of one topic know nothing of another"),
        ("proofs/smt/lemma.py", "from ..prover import bmc", "Arrows within proofs"),
        ("proofs/certificates/circuit.py", "from ..smt import smtlib", "certificates share no code with the encoder"),
        ("proofs/explicit/compiled/bfs_kernels.py", "from ..explorer import explore", "No circles, at any depth"),
    ],
)
def test_wrong_arrow_is_caught(package: Path, module: str, source: str, contract: str) -> None:
    """An import that points upward breaks a contract, two and three levels deep, and inside a function."""
    path = package / module
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{source}\n", encoding="utf-8")
    assert contract in " ".join(broken_contracts(package))
