"""How a check prints what the project's policy makes of the violations."""

from ...analysis.results.check_result import CheckResult
from ...analysis.results.policy_result import CheckedPolicy
from .report_page import ReportPage, counted

FAILS_ON = {
    "violated": "each violation that is not accepted",
    "new": "each violation that is neither accepted nor in the baseline",
    "never": "no violation",
}
_STYLES = {"fails": "bold red", "undecided": "bold yellow", "passes": "bold green"}


def print_policy(page: ReportPage, result: CheckResult, policy: CheckedPolicy) -> None:
    """Print it; what comes of it, as the exit code says it, comes last."""
    page.title(f"Policy{'' if policy.file is None else f' of {policy.file}'}: fails on {FAILS_ON[policy.fail_on]}")
    for claim in (*(item.claim for item in policy.accepted), *policy.known, *policy.new):
        page.item(f"{claim:4}", policy.excuse(claim) or _counts(policy))
    for claim in policy.needless:
        page.item(f"{claim:4}", f"not violated under {result.sweep.faults}: what the policy says of it is not needed")
    verdict = verdict_line(result)
    page.line(verdict, indent=0, style=_STYLES[verdict.partition(":")[0].split()[0]])


def verdict_line(result: CheckResult) -> str:
    """Return what comes of a result in a line, by the policy where there is one."""
    policy, violated = result.policy, tuple(result.violated)
    bootloader = "no difference" if result.bootloader is None else result.bootloader.verdict
    failing = violated if policy is None else policy.failing
    if failing or bootloader == "differs":
        return f"fails: {', '.join((*failing, *(('the bootloader differs',) if bootloader == 'differs' else ())))}"
    if result.interrupted or "inconclusive" in (bootloader, *(claim.verdict for claim in result.claims)):
        return "undecided: not everything was decided"
    if policy is None or not violated:
        return f"passes under {result.sweep.faults}: no claim is violated"
    others = len(violated) - len(policy.accepted) - len(policy.known)
    counts = (
        (len(policy.accepted), "accepted"),
        (len(policy.known), "in the baseline"),
        (others, "passed over by fail-on = never"),
    )
    parts = [f"{count} {words}" for count, words in counts if count]
    return f"passes under {result.sweep.faults}: of {counted(len(violated), 'violation')} {', '.join(parts)}"


def _counts(policy: CheckedPolicy) -> str:
    return "not accepted" if policy.fail_on == "violated" else "new: it is not in the baseline"
