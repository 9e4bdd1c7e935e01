"""What `otaproof check` prints: the verdicts, what breaks each violated claim, then what all of it rests on."""

from pathlib import PurePath

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...analysis.results.check_result import CheckedBootloader, CheckedClaim, CheckResult, CheckSweep, DangerousWindow
from ...campaign.upgrade.script import Scenario
from ...campaign.workers import INTERRUPTED
from ...model.claims.claims import claim as find_claim
from ...model.config import Selector
from ...model.device.state import Usage
from ...model.fault_model import FaultModel
from ...model.writers import UPDATERS, Updater
from .ageing_report import print_ageing
from .fix_lines import print_judgement
from .left_out_report import print_left_out
from .policy_report import print_policy
from .report_page import WRONG, ReportPage, counted
from .run_difference_report import RESTS_ON, print_both, print_difference
from .settings_report import print_settings
from .verdict_words import VACUOUS, VACUOUS_NOTE, depth_words, verdict_style, verdict_words


def print_check(console: Console, result: CheckResult) -> None:
    """Print all that a check found."""
    page = ReportPage(console)
    page.calls(Updater(result.config.updater))
    page.title(check_title(result))
    page.table(_verdicts(result))
    _print_columns(page, result)
    for claim in result.claims:
        if claim.token is not None:
            _print_violation(page, result.sweep, claim, claim.token)
    if result.bootloader is not None:
        _print_bootloader(page, result.bootloader)
    _print_sweep(page, result)
    if result.ageing is not None:
        print_ageing(page, result.ageing, result.ended_by)
    _print_partitions(page, result)
    print_settings(page, result.settings, result.notes)
    if result.proofs is not None:
        page.blank()
        is_by_turns = result.config.selector == Selector.BY_TURNS.value
        print_left_out(page, FaultModel[result.sweep.faults], Usage.DOCUMENTED, is_by_turns=is_by_turns)
    if result.policy is not None:
        print_policy(page, result, result.policy)


def check_title(result: CheckResult) -> str:
    """Return what was checked, in a line."""
    upgrade = result.upgrade
    kept = f", with {' and '.join(result.config.remedies)}" if result.config.remedies else ""
    faults = result.sweep.faults
    return f"Power cuts in an update from {upgrade.previous} to {upgrade.target}, fault model {faults}{kept}"


def _verdicts(result: CheckResult) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 1), header_style="bold")
    table.add_column("claim", no_wrap=True)
    table.add_column("these images", no_wrap=True)
    if result.proofs is not None:
        table.add_column("every history", no_wrap=True)
    table.add_column("promise", overflow="fold")
    for claim in result.claims:
        words = verdict_words(claim.verdict, _detail(result, claim))
        row = [Text(claim.id), Text(words, verdict_style(claim.verdict))]
        if result.proofs is not None:
            row.append(_model_verdict(claim))
        table.add_row(*row, Text(claim.title))
    return table


def _detail(result: CheckResult, claim: CheckedClaim) -> str:
    if claim.verdict == "holds" and result.sweep.sampled:
        return "sampled"
    return claim.weakest_fault or ""


def _model_verdict(claim: CheckedClaim) -> Text:
    proof = claim.proof
    if proof is None:
        return Text()
    depth = depth_words(proof.depth) if proof.verdict == "refuted" else ""
    words = verdict_words(proof.verdict, depth, VACUOUS if proof.possibly_vacuous else "")
    return Text(words, verdict_style(proof.verdict))


_PLAYED = {
    Scenario.UPGRADE.value: "this update",
    Scenario.UPGRADE_AGAIN.value: "a second one",
    Scenario.ROLLBACK.value: "a rollback",
}


def played_words(sweep: CheckSweep) -> str:
    """Return what was played and cut: the update, and what follows it."""
    *others, last = (_PLAYED[name] for name in sweep.scenarios)
    return f"{', '.join(others)} and {last}" if others else last


def _print_columns(page: ReportPage, result: CheckResult) -> None:
    """Say what the columns of the table mean."""
    sweep = result.sweep
    how = "sampled by the seed" if sweep.sampled else "each decided exactly"
    played = played_words(sweep)
    cuts = sum(found.cuts for found in sweep.scenarios.values())
    page.line(f"these images: {played}, cut at {cuts:,} points, {how}.", indent=1, style="dim")
    if sweep.depth > 1:
        page.line(
            f"up to {sweep.depth} power failures in a row, the further ones in the power-ons that follow, {how}: "
            f"{sweep.ways_again:,} more ways to fail.",
            indent=1,
            style="dim",
        )
    if result.proofs is not None:
        page.line(
            f"every history: any number of updates, restarts and power cuts of a device like it ({result.proofs}).",
            indent=1,
            style="dim",
        )
        if any(claim.proof is not None and claim.proof.possibly_vacuous for claim in result.claims):
            page.line(VACUOUS_NOTE, indent=1, style="dim")
    else:
        page.line(f"no proofs: {result.no_proofs}", indent=1, style="dim")
    for claim in result.claims:
        if claim.verdict == "not applicable":
            page.line(f"{claim.id} is not applicable: {_why_not(result, claim)}", indent=1, style="dim")


def _why_not(result: CheckResult, claim: CheckedClaim) -> str:
    """Say what a claim needs that the device has not."""
    traits = UPDATERS[Updater(result.config.updater)]
    asked = find_claim(claim.id)
    if asked.needs_anti_rollback and not result.config.anti_rollback:
        return "anti-rollback is off"
    if asked.needs_rollback and not result.config.rollback:
        return "rollback is off"
    if asked.needs_accept:
        return f"without rollback {traits.functions['accept'][0]} accepts nothing"
    return f"{traits.functions['accept'][0]} accepts an image as soon as it starts, so none is on trial"


def _print_violation(page: ReportPage, sweep: CheckSweep, claim: CheckedClaim, token: str) -> None:
    points = claim.how_often
    if claim.fewest_cuts == 1:
        points = f"at {claim.violations:,} of {sum(found.cuts for found in sweep.scenarios.values()):,} cut points"
    page.title(f"{claim.id} {claim.name}: {verdict_words(claim.verdict, claim.weakest_fault or '')} {points}")
    page.item(" ", f"{claim.where}{_in_scenario(claim.scenario)}")
    page.item(WRONG, claim.then or "", style="bold red")
    if claim.window is not None:
        page.item("when:", window_words(claim.window))
    print_judgement(page, claim.id, claim)
    page.command(f"otaproof replay {token}")


def window_words(window: DangerousWindow) -> str:
    """Return in words when a power failure breaks a claim."""
    calls = " and ".join(f"{name}()" for name in window.after)
    waits = f"between the return of {calls} and the next call" if calls else ""
    if not window.milliseconds:
        return waits or "between two flash operations"
    inside = f"in {window.milliseconds:.1f} ms of {window.of_milliseconds:,.0f} ms of flash operations"
    where = "" if window.scenario == Scenario.UPGRADE.value else f"scenario {window.scenario}, "
    return f"{inside} ({where}typical flash){f'; {waits}' if waits else ''}"


def _print_bootloader(page: ReportPage, found: CheckedBootloader) -> None:
    """Say what the bootloader's own machine code does in the power-ons."""
    page.title(f"{PurePath(found.file).name}: {_bootloader_verdict(found)}")
    if found.fault:
        page.line(f"the program {found.fault}")
    if found.where is not None:
        page.item(" ", f"{found.where}{_in_scenario(found.scenario)}; in a power-on after it:")
    if found.difference is not None:
        print_difference(page, found.difference, found.file)
    elif found.program is not None:
        print_both(page, found.program, found.simulated or "")
        page.line("with images that are made for it, of the same partitions and records, the two do not differ")
    page.line(RESTS_ON, style="dim", hang=0)


def _bootloader_verdict(found: CheckedBootloader) -> str:
    match found.verdict:
        case "differs":
            return f"differs from the simulated bootloader after {counted(found.cuts, 'cut point')}"
        case "inconclusive":
            return f"inconclusive, after {counted(found.boots, 'power-on')} without a difference"
        case _:
            return f"its machine code makes {counted(found.boots, 'power-on')} as the simulated bootloader does"


def _in_scenario(scenario: str | None) -> str:
    return "" if scenario == Scenario.UPGRADE.value else f" (scenario {scenario})"


def _print_sweep(page: ReportPage, result: CheckResult) -> None:
    upgrade, sweep, config = result.upgrade, result.sweep, result.config
    page.title("Cut points")
    page.line(
        f"{upgrade.bytes:,} bytes in chunks of {config.chunk:,}: {upgrade.micro_steps:,} flash micro-steps; "
        f"fault model {sweep.faults}, seed {sweep.seed}, {sweep.seconds:.1f} s"
    )
    if (wear := upgrade.wear) is not None:
        page.line(
            f"wear: {wear.erases:,} erases in {counted(wear.upgrades, 'upgrade')}; the sector at 0x{wear.address:x} "
            f"has {wear.erases_of_worst} of them, and {wear.endurance:,} after {wear.most_upgrades:,} upgrades"
        )
    rows = [("scenario", "cut points", "distinct states", "")]
    is_interrupt = result.ended_by in ("", INTERRUPTED)
    for name, found in sweep.scenarios.items():
        state = "" if found.complete else "interrupted" if is_interrupt else "ended too soon"
        rows.append((name, f"{found.cuts:,}", f"{found.distinct_states:,}", state))
    page.counts(rows)


def _print_partitions(page: ReportPage, result: CheckResult) -> None:
    """Say what the app partitions hold when the update begins."""
    page.title("App partitions")
    rows = [partition for partition in result.layout if partition.label in result.images]
    width = max(len(partition.label) for partition in rows)
    for partition in rows:
        held = result.images[partition.label] or result.damaged.get(partition.label)
        place = f"{partition.label:{width}}  0x{partition.offset:06x}, {partition.size:,} bytes"
        page.line(f"{place}, {'empty' if held is None else f'holds {held}'}")
