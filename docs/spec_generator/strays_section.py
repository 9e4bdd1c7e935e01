"""The section on stray numbers, on the page of the claims: which there are, and how likely one is; all computed."""

from collections.abc import Iterator

from otaproof.campaign.history.history import OTADATA, History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.step import Step, StepName
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.flash import FlashOpKind
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.device.records import TOP
from otaproof.model.flash_endurance import highest_number
from otaproof.proofs.bytes.crc_lemmas import byte_tears, first_byte_tear
from otaproof.proofs.bytes.stray_lemmas import fewest_bits, smallest_stray, stray_slots, strays_near_the_top
from otaproof.proofs.bytes.stray_odds import (
    FlashTiming,
    bits_in_flight,
    in_units,
    odds_of_numbers,
    odds_per_upgrade,
    stray_count,
    stray_odds,
    worst_odds,
)
from otaproof.proofs.refinement.impl_decisions import MAX_SLOTS

from .spec_page import SpecPage, anchor, repo_file

NUMBERS = 10_000
"""The odds are told of the numbers up to this one."""
SHOWN = (1, 2, 3, 4, 5, 10, 100, 1_000)
"""Numbers with a row of their own."""
SLOTS = (2, 3, 4)
_ON = Step(StepName.RESET)
_ACCEPTED = (Step(StepName.RESET, ResetReason.SOFTWARE), Step(StepName.ACCEPT))


def strays_section(page: SpecPage) -> None:
    """Add the section."""
    page.add(anchor("stray-numbers"))
    page.heading("Stray numbers: which and how likely")
    page.add(
        "A **stray number** is a sequence number that was never written and has a right check word all the same: a "
        "power cut left some bits of the number and of its check word torn, and what is left of both fits by chance. "
        "The record then decides what boots, since tears only set bits and a stray is greater than the number that "
        "was written. Under F3 the device model has the stray as an outcome of every cut in a record. What is said "
        f"here is proved in {repo_file('proofs/bytes/stray_lemmas.py')} and "
        f"{repo_file('proofs/bytes/stray_odds.py')} ([lemmas](#which-numbers-are-stray)) and computed for this page."
    )
    page.table(("question", "answer"), _facts())
    page.heading("Which slot a stray number names", 3)
    page.add("It depends on the slot *s* that the number names which was written.")
    page.table(
        ("slots", *(f"*s* = {slot}" for slot in range(max(SLOTS)))),
        ((str(n), *(_slots(slot, n) for slot in range(max(SLOTS)))) for n in SLOTS),
    )
    _odds(page)


def _facts() -> Iterator[tuple[str, str]]:
    stray, numbers = smallest_stray()
    near = strays_near_the_top()
    first = min(near, key=near.__getitem__)
    known = odds_of_numbers(NUMBERS)
    yield (
        "Can prefixes or whole bytes (F1, F2) leave one, also by several cuts one after the other?",
        f"Of {len(byte_tears())} of the 2^32 numbers, the smallest of which is {first_byte_tear():,}. Upgrades with up "
        f"to {MAX_SLOTS} slots wear out flash before they write {highest_number(MAX_SLOTS) + 1:,}. So under F0, F1 and "
        "F2 there are none.",
    )
    yield "How many bits have to be torn (F3)?", f"{fewest_bits()[0]}, of number and check word together, or more."
    yield (
        "Which numbers can leave one (F3)?",
        f"Of the numbers 1 to {NUMBERS:,} all but {known.without}, of which {known.first_without:,} is the smallest.",
    )
    yield (
        "Which is the smallest?",
        f"{stray}, which {' or '.join(map(str, numbers))} can leave. So no stray is one of the first numbers, which "
        "the model tells from others by their value.",
    )
    yield (
        "Can one lie near the maximum?",
        f"Number {near[first]:,} can leave 0x{first:x}, and number {near[0xFFFFFFFE]:,} can leave 0xfffffffe, after "
        "which the next upgrade gets 0xffffffff, which means erased. So [C12](#c12) is violated under F3: case "
        f"[stray-number-wraps](cases.md#stray-number-wraps). The device model leaves out numbers from 0x{TOP:x} on.",
    )


def _slots(slot: int, slots: int) -> str:
    if slot >= slots:
        return "–"
    named = sorted(stray_slots(slot, slots))
    return "any" if len(named) == slots else "ota_" + ", ota_".join(map(str, named))


def _odds(page: SpecPage) -> None:
    known, timing = odds_of_numbers(NUMBERS), FlashTiming()
    erases, programs = operations_of_upgrade()
    each = odds_per_upgrade(float(known.middle), erases, programs, timing)
    page.heading("How likely a stray number is", 3)
    page.add(
        "*Assumption:* the power fails inside the program or the erase of a record, and each bit in flight, that is "
        "each bit of number and check word that the operation changes, then has its old or its new value with "
        "probability 1/2, independently of the others. The strays of a number are counted exactly, and divided by all "
        "the patterns that its bits in flight can have. The last column drops the 1/2: it is the greatest probability "
        "of a stray if each bit is torn with the same probability, any multiple of 1/64.",
    )
    page.table(
        (
            "number",
            "bits in flight",
            "strays",
            "probability of a stray, given the cut",
            "at most, for another probability of a torn bit",
        ),
        (
            (
                f"{number:,}",
                str(bits_in_flight(number)),
                f"{stray_count(number):,}",
                f"{in_units(stray_odds(number)):.3f} × 2^-32",
                "{:.3f} × 2^-32, at {}".format(*_worst(number)),
            )
            for number in SHOWN
        ),
    )
    page.add(
        f"Over the numbers 1 to {NUMBERS:,} the probability is between {in_units(known.least):.3f} and "
        f"{in_units(known.greatest):.3f} times 2^-32, and for half of them at most {in_units(known.middle):.3f} times "
        "2^-32: about one in four thousand million of the cuts that fall inside such an operation. The lemma "
        "[odds_within_endurance](#lemma-odds_within_endurance) has the bound for all numbers that upgrades can write.",
        "*Further assumptions,* to tell it per upgrade: the power fails once in "
        f"{timing.between_failures:,.0f} seconds on average, at moments that do not depend on the update; the erase of "
        f"a sector takes {timing.erase * 1000:g} ms, and the program of a record {timing.program * 1000:g} ms. An "
        f"accepted upgrade with rollback under release 6.1 erases {erases} and programs {programs} records (counted on "
        "the simulated board; the erase of a blank sector changes no bit). So in one upgrade a cut leaves a stray "
        f"number with a probability of {each:.1e}.",
        "Bits of one operation do not fail independently in real flash, so these are orders of magnitude. A verdict "
        "does not depend on them: *holds under F3* means that no stray violates the claim.",
    )


def _worst(number: int) -> tuple[float, str]:
    odds, undecided = worst_odds(number)
    return in_units(odds), str(undecided)


def operations_of_upgrade(release: Release = Release.V6_1) -> tuple[int, int]:
    """Return how many records an accepted upgrade with rollback erases and programs, on the simulated board.

    It is the second upgrade of a device, so that both sectors of otadata hold a record before it."""
    config = Config(rollback=True, app_release=release, bootloader_release=release)
    start = History(SmallDevice(config), tuple(SmallImage(number + 1) for number in range(3)))
    before = (_ON, *upgrade(1), *_ACCEPTED)
    played = replay_history(start.then(*before, *upgrade(2), *_ACCEPTED))
    counts = {FlashOpKind.ERASE: 0, FlashOpKind.PROGRAM: 0}
    written: set[int] = set()
    for number, step in enumerate(played.steps):
        for op in step.ops:
            sector = op.address // SECTOR_SIZE
            if not OTADATA <= op.address < OTADATA + 2 * SECTOR_SIZE:
                continue
            is_erase = op.kind is FlashOpKind.ERASE
            changes = not is_erase or sector in written
            written = written - {sector} if is_erase else written | {sector}
            counts[op.kind] += changes and number >= len(before)
    return counts[FlashOpKind.ERASE], counts[FlashOpKind.PROGRAM]
