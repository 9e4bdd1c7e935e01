"""What `otaproof diff` prints: causes, their consequences, what is outside the scope of the model, and claims."""

from rich.console import Console

from ...analysis.results.diff_result import ClaimDifference, DiffBehaviour, DiffReplayResult, DiffResult
from ...analysis.results.diff_result import diff_replay_result as result_of
from ...campaign.history.history_replay import replay_history
from ...campaign.lockstep.board_difference import decode_pair
from ...model.config import Config
from ..exit_code import ExitCode
from ..json_text import json_text
from .report_page import ReportPage, counted


def print_diff(console: Console, result: DiffResult, shows_identifiers: bool = False) -> None:
    """Print all that a comparison found."""
    page = ReportPage(console)
    page.calls()
    page.blank()
    for side in (result.left, result.right):
        page.line(f"{side.name}: {side.scope}", indent=0, style="bold")
    if not result.behaviour_compared:
        page.blank()
        page.line("Otadata by turns is written otherwise in every call: the claims alone are compared.", indent=0)
    elif not result.behaviours:
        page.blank()
        page.line("No input tells the two models apart.", indent=0)
    for cause in result.behaviours:
        if cause.cause is None:
            page.title(cause.title)
            _print_item(page, result, cause, 2)
            for other in result.behaviours:
                if other.cause == cause.number:
                    page.line(f"so: {other.title}", indent=4)
                    _print_item(page, result, other, 6)
    _print_beyond(page, result)
    _print_claims(page, result, shows_identifiers)
    _print_totals(page, result)


def _names(result: DiffResult) -> tuple[str, str]:
    width = max(len(result.left.name), len(result.right.name))
    return f"{result.left.name:{width}}", f"{result.right.name:{width}}"


def _print_item(page: ReportPage, result: DiffResult, item: DiffBehaviour, indent: int) -> None:
    for name, text in zip(_names(result), (item.left, item.right), strict=True):
        page.item(f"{name} ", text, indent)
    page.line(f"inputs: {item.inputs_text}", indent, hang=8)
    if not item.same_tears:
        page.line("(the cut leaves different bytes on the two, with the same effect)", indent)
    page.command(f"otaproof diff --replay {item.token}", indent)


def _print_beyond(page: ReportPage, result: DiffResult) -> None:
    if not result.board and not result.calls:
        return
    page.title("Outside the scope of the model, observed on the board")
    for change in result.board:
        page.line(change.behaviour)
        for name, text in zip(_names(result), (change.left, change.right), strict=True):
            page.item(f"{name} ", text, 4)
        page.line(f"script: {change.script}", indent=4, hang=8)
    for call in result.calls:
        page.line(f"there is {call.call}(): {result.left.name} {call.left}, {result.right.name} {call.right}")


def _print_claims(page: ReportPage, result: DiffResult, shows_identifiers: bool) -> None:
    claims = result.claims
    page.title("Claims")
    for change in claims.changed:
        _print_change(page, result, change, shows_identifiers)
    if claims.same:
        page.line(f"one verdict for both: {', '.join(claims.same)}")
    if claims.undecided:
        page.line(f"not decided: {', '.join(claims.undecided)}", style="yellow")


def _print_change(page: ReportPage, result: DiffResult, change: ClaimDifference, shows_identifiers: bool) -> None:
    names = (result.left.name, result.right.name)
    holds, breaks = names if change.left == "holds" else names[::-1]
    page.line(f"{change.id} {change.name}: holds with {holds}, violated ({len(change.trace)} steps) with {breaks}")
    page.steps(change.sentences, change.broken_by, 6)
    if shows_identifiers:
        page.identifiers(change.trace)
    if change.token is not None:
        page.command(f"otaproof replay {change.token}", 4)


def _print_totals(page: ReportPage, result: DiffResult) -> None:
    if not result.behaviour_compared:
        page.blank()
        page.line(f"{counted(len(result.claims.changed), 'claim')} with two verdicts; {result.seconds:.1f} s", indent=0)
        return
    causes = sum(item.cause is None for item in result.behaviours)
    page.blank()
    consequences = counted(len(result.behaviours) - causes, "consequence")
    page.line(
        f"{counted(causes, 'cause')}, {consequences}, each shown by two boards; {result.pairs:,} "
        f"pairs of states, {result.parted:,} of them with different stored states; {result.seconds:.1f} s",
        indent=0,
    )
    if not result.complete:
        page.line("not complete: the pairs did not fit, there may be more; see --pairs and --follow", 0, 2, "yellow")


def replay(console: Console, text: str, as_object: bool) -> ExitCode:
    """Play the two histories of a token and print them side by side; tell whether they differ."""
    tokens = decode_pair(text)
    left, right = (replay_history(token.history) for token in tokens)
    result = result_of(left, right)
    if as_object:
        print(json_text(result), end="")
    else:
        _print_replay(console, result, [token.history.device.config for token in tokens])
    return ExitCode.VIOLATED if result.differs else ExitCode.HOLDS


def _print_replay(console: Console, result: DiffReplayResult, configs: list[Config]) -> None:
    page = ReportPage(console)
    for mark, config in zip("<>", configs, strict=True):
        page.item(
            mark,
            f"release rules {config.app_name}, bootloader {config.bootloader_name}, rollback "
            f"{'on' if config.rollback else 'off'}, anti-rollback {'on' if config.anti_rollback else 'off'}",
            indent=0,
        )
    for number, step in enumerate(result.steps, 1):
        if step.left == step.right:
            page.item(f"{number:3}  ", step.left, 0)
            continue
        page.item(f"{number:3} <", step.left, 0)
        page.item("    >", step.right, 0)
    page.line("the two differ" if result.differs else "the two do the same", indent=0)
