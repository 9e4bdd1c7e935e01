"""The solvers and the compiler of the search: the extra `prove` brings them, and the light core does without."""

from importlib.util import find_spec

INSTALL = "pip install 'otaproof[prove]'"
INSTALL_BINARY = "pip install 'otaproof[binary]'"
INSTALL_SAT = "pip install 'otaproof[certificates]'"
INSTALL_LUA = "pip install 'otaproof[lua]'"
MODULES = ("z3", "bitwuzla", "numba", "llvmlite", "numpy")
"""What the extra brings, by the names that are imported."""
BINARY_MODULES = ("elftools", "pypcode", "unicorn")
"""What the extra `binary` brings beside them."""


def have_solvers() -> bool:
    """Tell whether all of them are installed."""
    return all(find_spec(name) is not None for name in MODULES)


def have_sat_solver() -> bool:
    """Tell whether the extra `certificates` is installed; the package pysat is another distribution's name as well."""
    return find_spec("pysolvers") is not None


def is_solver_missing(error: ModuleNotFoundError) -> bool:
    """Tell whether an import failed because the extra is not installed."""
    return (error.name or "").partition(".")[0] in MODULES


def is_binary_missing(error: ModuleNotFoundError) -> bool:
    """Tell whether an import failed because the extra `binary` is not installed."""
    return (error.name or "").partition(".")[0] in BINARY_MODULES


def is_lua_missing(error: ModuleNotFoundError) -> bool:
    """Tell whether an import failed because the extra `lua` is not installed."""
    return (error.name or "").partition(".")[0] == "lupa"
