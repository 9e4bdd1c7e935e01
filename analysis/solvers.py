"""The solvers and the compiler of the search: the extra `prove` brings them, and the light core does without."""

from importlib.util import find_spec

INSTALL = "pip install 'otaproof[prove]'"
MODULES = ("z3", "bitwuzla", "numba", "llvmlite", "numpy")
"""What the extra brings, by the names that are imported."""


def have_solvers() -> bool:
    """Tell whether all of them are installed."""
    return all(find_spec(name) is not None for name in MODULES)


def is_solver_missing(error: ModuleNotFoundError) -> bool:
    """Tell whether an import failed because the extra is not installed."""
    return (error.name or "").partition(".")[0] in MODULES
