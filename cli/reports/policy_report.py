"""How a check prints what the project's policy makes of the violations."""

from ...analysis.results.check_result import CheckResult
from ...analysis.results.policy_result import CheckedPolicy
from .report_page import ReportPage, counted

_FAILS_ON = {
    "violated": "each violation that is not accepted",
    "new": "each violation that is neither accepted nor in the baseline",
    "never": "no violation",
}
_STYLES = {"fails": "bold red", "undecided": "bold yellow", "passes": "bold green"}


def print_policy(page: ReportPage, result: CheckResult, policy: CheckedPolicy) -> None:
    """Print it; what comes of it, as the exit code says it, comes last."""
    page.title(f"Policy{'' if policy.file is None else f' of {policy.file}'}: fails on {_FAILS_ON[policy.fail_on]}")
    for claim in (*(item.claim for item in policy.accepted), *policy.known, *policy.new):
        page.item(f"{claim:4}", policy.excuse(claim) or _counts(policy))
    for claim in policy.needless:
        page.item(f"{claim:4}", f"not violated under {result.sweep.faults}: what the policy says of it is not needed")
    page.line(policy_words(result, policy), indent=0, style=_STYLES[policy_words(result, policy).partition(":")[0]])


def policy_words(result: CheckResult, policy: CheckedPolicy) -> str:
    """Return what the policy makes of a result in a line."""
    bootloader = "no difference" if result.bootloader is None else result.bootloader.verdict
    failing = (*policy.failing, *(("the bootloader differs",) if bootloader == "differs" else ()))
    if failing:
        return f"fails: {', '.join(failing)}"
    if "inconclusive" in (bootloader, *(claim.verdict for claim in result.claims)):
        return "undecided: not everything was decided"
    others = len(result.violated) - len(policy.accepted) - len(policy.known)
    counts = (len(policy.accepted), "accepted"), (len(policy.known), "in the baseline"), (others, "left to itself")
    parts = [f"{count} {words}" for count, words in counts if count]
    found = f"of {counted(len(result.violated), 'violation')} {', '.join(parts)}" if parts else "no claim is violated"
    return f"passes: {found}"


def _counts(policy: CheckedPolicy) -> str:
    return "not accepted" if policy.fail_on == "violated" else "new: it is not in the baseline"
