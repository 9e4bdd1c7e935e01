"""What needs both proofs and boards: the public Python API.

A function answers one question and returns a frozen dataclass, whose fields are those of the JSON output of the command
of the same name; docs/schemas describes them. What a function needs is imported when it is first asked for, so that a
program without the solvers can still use the others' results.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .solvers import INSTALL, have_solvers

if TYPE_CHECKING:
    from .public_api import check, diff, diff_matrix, doctor, explain, outcomes, prove

__all__ = ["check", "diff", "diff_matrix", "doctor", "explain", "outcomes", "prove"]
_LIGHT = ("check", "doctor", "explain")
"""What needs no solver."""


def __getattr__(name: str) -> Any:
    """Return a function of the API, imported now."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _LIGHT:
        return getattr(import_module(".light_api", __name__), name)
    if not have_solvers():
        raise ImportError(f"otaproof.analysis.{name} needs the solvers: {INSTALL}")
    return getattr(import_module(".public_api", __name__), name)
