"""How text reports say what their verdicts leave out."""

from ...model.claims.left_out import left_out_line
from ...model.device.allowance import Allowance
from ...model.device.state import Usage
from ...model.fault_model import FaultModel
from .report_page import ReportPage


def print_left_out(
    page: ReportPage,
    faults: FaultModel,
    usage: Usage,
    allows: frozenset[Allowance] = frozenset(),
    is_by_turns: bool = False,
) -> None:
    """Say what the verdicts under a fault model and a usage leave out, where this is allowed."""
    page.line(left_out_line(faults, usage, allows, is_by_turns), indent=0, style="dim")
