"""`otaproof diff A B`: what two ESP-IDF releases, or two configurations, do differently in an update."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...errors import InputError
from ...model.config import Selector
from ..exit_code import ExitCode
from ..options.device_options import CutOptions, DeviceOptions
from ..options.diff_side import side_scope
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, SEARCH
from ..options.output_options import TraceOutputOptions
from ..options.values import Count, within
from ..standard_error import tell

if TYPE_CHECKING:
    from ...analysis.release_diff import DiffReport
    from ...analysis.release_matrix import Matrix

EPILOGUE = epilogue(
    "otaproof diff 5.1 6.1",
    "otaproof diff 5.1,bootloader-idf=4.4 5.1 --usage restart-at-once",
    "otaproof diff rollback=off rollback=on --idf 5.5 --claims none",
    "otaproof diff 6.1 6.1,selector=by-turns --usage restart-at-once",
    "otaproof diff --matrix",
    codes={
        0: "no difference",
        1: "differences",
        2: "bad usage or bad input",
        3: "inconclusive: not all was compared",
    },
)
USAGE = "otaproof diff [OPTIONS] SIDE SIDE"
_SIDE = "One of the two to compare: such as 5.1, or rollback=off."
Side = Annotated[str, Parameter(name="SIDE", group=ARGUMENTS, help=_SIDE)]


def _thousands(number: int) -> str:
    return f"{number:,}"


@Parameter(name="*", group=SEARCH)
@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonOptions:
    """What to compare, and how far."""

    matrix: bool = False
    """Compare all release rules, in one table."""
    replay: Annotated[str | None, Parameter(metavar="TOKEN")] = None
    """Play the two histories of a difference, side by side."""
    follow: Annotated[int | None, Parameter(validator=within(0), metavar="N")] = None
    """Inputs to look at after a difference (default: 2, with restart-at-once usage 8)."""
    pairs: Annotated[Count, Parameter(show_default=_thousands)] = 1_000_000
    """Pairs of states to keep at most."""
    claims: Annotated[str, Parameter(metavar="IDS")] = "all"
    """Claims to compare: such as C1,C2, or all, or none."""


def diff(
    *sides: Side,
    device: DeviceOptions = DeviceOptions(),
    cuts: CutOptions = CutOptions(),
    comparison: ComparisonOptions = ComparisonOptions(),
    output: TraceOutputOptions = TraceOutputOptions(),
) -> ExitCode:
    """Say what two ESP-IDF releases, or two configurations, do differently.

    Gives two devices the same calls, resets and power cuts, in every order, and prints each difference in what they
    do with a shortest sequence of inputs, which two simulated boards confirm. How releases read partition tables and
    verify images is not compared.

    A side is a release, such as 5.1, or settings, such as rollback=off, or several, joined by commas:
    5.1,bootloader-idf=4.4. Settings are idf, bootloader-idf, rollback, anti-rollback, skip-validate-in-deep-sleep and
    selector; what a side does not say is as the options say. Of selector=by-turns the claims alone are compared.
    """
    from ...analysis.release_diff import compare
    from ...analysis.release_matrix import matrix_of
    from ...analysis.results.diff_result import diff_result, matrix_result
    from ...campaign.lockstep.divergence import Divergence
    from ..reports import diff_report, matrix_report
    from ..terminal import terminal

    text = terminal(wraps=False)
    _check_sides(sides, comparison, device.selector)
    try:
        if comparison.replay is not None:
            return diff_report.replay(text, comparison.replay, output.json)
        if comparison.matrix:
            matrix = matrix_of(side_scope("", device, cuts), comparison.pairs)
            table = matrix_result(matrix)
            output.give(table, lambda: matrix_report.print_matrix(text, table))
            return exit_code(matrix)
        left, right = sides
        report = compare(
            (left, right),
            (side_scope(left, device, cuts), side_scope(right, device, cuts)),
            most=comparison.pairs,
            follow=comparison.follow,
            claims=comparison.claims,
        )
    except Divergence as error:
        tell(f"otaproof diff: model and board disagree, which is a bug in otaproof: {error}")
        return ExitCode.INCONCLUSIVE
    result = diff_result(report)
    output.give(result, lambda: diff_report.print_diff(text, result, output.identifiers))
    return exit_code(report)


def exit_code(found: "DiffReport | Matrix") -> ExitCode:
    """Return what a comparison comes to."""
    if found.differs:
        return ExitCode.VIOLATED
    return ExitCode.HOLDS if found.is_complete else ExitCode.INCONCLUSIVE


def _check_sides(sides: tuple[str, ...], comparison: ComparisonOptions, selector: Selector) -> None:
    """Refuse sides where the options say what is compared, and any other number of them than two."""
    if comparison.replay is not None:
        if sides or comparison.matrix:
            raise InputError("--replay: the token says which two are compared; give nothing else")
    elif comparison.matrix:
        if selector is not Selector.ESP_IDF:
            raise InputError("--matrix: the table is of ESP-IDF's own code; leave --selector out")
        if sides:
            raise InputError("--matrix: compares all release rules; give no sides")
    elif len(sides) != 2:
        raise InputError(f"want two sides to compare, such as 5.1 6.1, not {len(sides)}; or --matrix")
