"""What `otaproof check --endurance` prints of flash that wears out."""

from collections.abc import Iterator
from itertools import groupby

from ...analysis.results.ageing_result import CheckedAgeing, StuckBits, WearSign, WornRange
from ...impl.chip.cells import SECTOR_SIZE
from .report_page import WRONG, ReportPage, counted

_MOST_BYTES = 6


def print_ageing(page: ReportPage, found: CheckedAgeing, ended_by: str) -> None:
    """Print what wears out, when, and what the device does from then on.

    ended_by: what ended it too soon, if anything did."""
    page.title(ageing_title(found))
    page.line("No power is cut here: one update follows the other.", style="dim")
    if not found.worn:
        return
    rows = [("sectors", "partition", f"erases in {counted(found.cycle, 'update')}", "worn out in")]
    rows += [(range_words(row), row.partition, f"{row.erases:,}", f"update {row.worn_in:,}") for row in found.worn]
    page.counts(rows)
    if found.claims_always:
        page.line(f"These updates break {' and '.join(found.claims_always)} on any flash; the rest is what wear adds.")
    page.blank()
    page.line(together_words(found))
    _print_signs(page, found.together[:1])
    for sector, group in groupby(found.stuck, lambda stuck: (stuck.address, stuck.partition)):
        page.blank()
        page.line(f"0x{sector[0]:x} of {sector[1]} alone is worn out, and one bit of it is stuck at 0:")
        for stuck in group:
            page.item("-", stuck_words(stuck))
            _print_signs(page, first_signs(stuck))
    if not found.complete:
        page.line(f"{ended_by}: more bits would have been stuck")


def ageing_title(found: CheckedAgeing) -> str:
    """Return what was played, in a line."""
    return f"Worn flash: update after update, {counted(found.endurance, 'erase')} for each sector"


def range_words(found: WornRange) -> str:
    """Return where sectors are."""
    last = found.address + (found.sectors - 1) * SECTOR_SIZE
    return f"0x{found.address:x}" if found.sectors == 1 else f"0x{found.address:x} … 0x{last:x}"


def together_words(found: CheckedAgeing) -> str:
    """Return what comes of a chip whose sectors all age."""
    if not found.together:
        return (
            "All sectors age, each erase too many leaving one more bit stuck: nothing goes wrong in "
            f"{counted(found.together_updates, 'update')}."
        )
    return (
        "All sectors age, each erase too many leaving one more bit stuck somewhere. It shows first in "
        f"update {found.together[0].update:,}; after {counted(found.together_updates, 'update')} "
        f"{found.together_runs or 'nothing'} runs:"
    )


def stuck_words(stuck: StuckBits) -> str:
    """Return what bits come to, in a line."""
    return f"{counted(len(stuck.bits), 'bit')}{_place(stuck)}: {'; '.join(_consequences(stuck))}"


def _place(stuck: StuckBits) -> str:
    """Say in which bytes they are, where something comes of them, and that is no long list."""
    held = list(dict.fromkeys(bit // 8 for bit in stuck.bits))
    if not stuck.signs or len(held) > _MOST_BYTES:
        return ""
    return f" in {'byte' if len(held) == 1 else 'bytes'} {', '.join(map(str, held))}"


def _consequences(stuck: StuckBits) -> Iterator[str]:
    if stuck.claims:
        yield f"{'breaks' if len(stuck.bits) == 1 else 'each breaks'} {', '.join(stuck.claims)}"
    if not stuck.signs:
        yield f"nothing goes wrong in {counted(stuck.updates, 'update')}"
    elif not stuck.failed:
        yield f"{counted(stuck.updates, 'update')} go through"
    elif stuck.failed == stuck.updates and stuck.for_ever:
        yield "no update goes through any more"
    else:
        yield f"{stuck.failed:,} of {counted(stuck.updates, 'update')} {_fails(stuck)}"
    if stuck.signs:
        yield f"{stuck.runs or 'nothing'} runs at last"


def _fails(stuck: StuckBits) -> str:
    return f"{'does' if stuck.failed == 1 else 'do'} not go through{', and so on for ever' if stuck.for_ever else ''}"


def first_signs(stuck: StuckBits) -> tuple[WearSign, ...]:
    """Return the first sign of each kind: a broken claim, a failing update."""
    broken = next((sign for sign in stuck.signs if sign.claim is not None), None)
    failing = next((sign for sign in stuck.signs if sign.claim is None), None)
    return tuple(sign for sign in stuck.signs if sign in (broken, failing))


def sign_words(sign: WearSign) -> str:
    """Return what goes wrong, in a line."""
    claim = "" if sign.claim is None else f"{sign.claim}: "
    return f"update {sign.update:,}, {sign.call}(): {claim}{sign.text}"


def _print_signs(page: ReportPage, signs: tuple[WearSign, ...]) -> None:
    for sign in signs:
        page.item(WRONG, sign_words(sign), 4)
