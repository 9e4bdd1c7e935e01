"""The prover: what holds in every history of the devices of a scope, of any length.

    from otaproof.library.prover import Config, Scope, Usage, prove

    result = prove(Scope(Config(rollback=True), usage=Usage.RESTART_AT_ONCE), ["C1"])
    assert "proved" == result.claims["C1"].verdict

It needs the extra `prove`: what asks the solvers is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..model.config import Config, Release
from ..model.device.allowance import Allowance
from ..model.device.scope_text import scope_title
from ..model.device.state import Scope, Usage
from ..model.fault_model import FaultModel

if TYPE_CHECKING:
    from ..analysis.public_api import diff, outcomes, prove
    from ..proofs.prover.decision import Effort

__all__ = [
    "Allowance",
    "Config",
    "Effort",
    "FaultModel",
    "Release",
    "Scope",
    "Usage",
    "diff",
    "outcomes",
    "prove",
    "scope_title",
]
_WITH_SOLVERS = {
    "Effort": "..proofs.prover.decision",
    "diff": "..analysis.public_api",
    "outcomes": "..analysis.public_api",
    "prove": "..analysis.public_api",
}


def __getattr__(name: str) -> Any:
    """Return what asks the solvers, imported now."""
    if name not in _WITH_SOLVERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WITH_SOLVERS[name], __package__), name)
