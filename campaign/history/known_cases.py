"""What ESP-IDF does not keep: each case with its name, where it is written down, and a history that shows it.

A case is a history for a set of release rules, how it ends, and the claim that is broken then. Since when and until
when it happens is decided by playing it under the rules of every release; a test compares that with what stands here.
The ids are those of docs/spec/cases.md: K for what was found to go wrong, R for what was recorded from the C
code; C is a chapter of what was read in the sources.
"""

from ...model.config import Release
from . import known_histories
from .known_case import KnownCase
from .player import StepOutcome


def known_case(name: str) -> KnownCase:
    """Return the case of that name; raises KeyError for another."""
    return {case.name: case for case in KNOWN_CASES}[name]


ALL = Release.V4_4
RETURNED, RAISED, NOTHING = StepOutcome.RETURNED, StepOutcome.RAISED, StepOutcome.NOTHING_BOOTS

KNOWN_CASES: tuple[KnownCase, ...] = (
    KnownCase(
        "accept-is-not-atomic",
        "Without rollback, a power cut inside accept() erases the record of the running image, and the one before it "
        "boots.",
        ("K2", "R18", "R24"),
        "C7",
        ALL,
        None,
        RETURNED,
        "ota_0",
        known_histories.accept_loses_the_choice,
    ),
    KnownCase(
        "trial-is-lost",
        "A power cut while the bootloader makes PENDING_VERIFY of NEW loses the record: the update is gone without "
        "ever having run.",
        ("R9", "R19"),
        "C4",
        ALL,
        None,
        RETURNED,
        "ota_0",
        known_histories.trial_is_lost,
    ),
    KnownCase(
        "accept-before-the-first-boot",
        "accept() after complete() without a restart makes an image VALID that has never run.",
        ("R3",),
        "C13",
        ALL,
        None,
        RETURNED,
        "ota_0",
        known_histories.accept_before_the_first_boot,
    ),
    KnownCase(
        "accept-after-a-fallback",
        "When the marked slot does not verify, the other image runs, and its accept() makes the broken slot VALID.",
        ("K7", "K11", "R11"),
        "C10",
        ALL,
        None,
        RETURNED,
        "ota_0",
        known_histories.accept_after_a_fallback,
    ),
    KnownCase(
        "torn-new-reads-valid",
        "One bit of a torn NEW makes VALID of it, unseen by the check word: the image runs without a test.",
        ("R31",),
        "C13",
        ALL,
        None,
        RETURNED,
        "ota_1",
        known_histories.torn_new_reads_valid,
    ),
    KnownCase(
        "torn-new-is-never-tested",
        "A NEW of which one byte was erased reads as no state at all: the image boots, and boots again, unaccepted.",
        ("R8", "R31"),
        "C4",
        ALL,
        None,
        RETURNED,
        "ota_1",
        known_histories.torn_new_is_never_tested,
    ),
    KnownCase(
        "switch-to-factory-boots-a-third-image",
        "A power cut between the two erases of a switch to factory boots the older OTA image, neither the current one "
        "nor factory.",
        ("K1", "R29"),
        "C7",
        ALL,
        None,
        RETURNED,
        "ota_1",
        known_histories.factory_switch_boots_a_third,
    ),
    KnownCase(
        "same-slot-in-both-records",
        "esp_ota_set_boot_partition() of the running slot writes its number into the other record too: the way back is "
        "lost, and the two records say different things of one slot.",
        ("K5", "R28"),
        "C11",
        ALL,
        Release.V5_5,
        RETURNED,
        "ota_1",
        known_histories.same_slot_in_both_records,
    ),
    KnownCase(
        "same-slot-in-place",
        "esp_ota_set_boot_partition() of the running slot rewrites the only record that names it: a power cut there "
        "boots the other slot.",
        ("R28",),
        "C7",
        Release.V6_0,
        None,
        RETURNED,
        "ota_0",
        known_histories.same_slot_in_place,
    ),
    KnownCase(
        "completed-twice",
        "Completing one slot twice before the restart overwrites the record of the good image: the new one boots again "
        "though it was not accepted.",
        ("R12",),
        "C4",
        ALL,
        Release.V5_5,
        RETURNED,
        "ota_1",
        known_histories.completed_twice,
    ),
    KnownCase(
        "both-records-lost",
        "Two power cuts lose both records, and ota_0 boots an image that was never marked for boot.",
        ("R18", "R24"),
        "C7",
        ALL,
        None,
        RETURNED,
        "ota_0",
        known_histories.both_records_lost,
    ),
    KnownCase(
        "unfinished-image-boots",
        "Without rollback, a power cut in accept() during a download boots the slot that is being written: its old "
        "record still names it.",
        ("R15", "R24"),
        "C2",
        ALL,
        None,
        RETURNED,
        "ota_0",
        known_histories.unfinished_image_boots,
    ),
    KnownCase(
        "table-with-a-gap",
        "With the slots ota_0 and ota_2 alone, bootloader and application count differently: complete(1) restarts into "
        "the old image.",
        ("C2", "R1"),
        "C4",
        ALL,
        None,
        RETURNED,
        "ota_0",
        known_histories.table_with_a_gap,
    ),
    KnownCase(
        "sequence-number-wraps",
        "After number 0xFFFFFFFE comes 0xFFFFFFFF, which means erased: complete(1) restarts into the old image.",
        ("K8", "R21"),
        "C4",
        ALL,
        None,
        RETURNED,
        "ota_1",
        known_histories.number_wraps,
    ),
    KnownCase(
        "stray-number-wraps",
        "A power cut in complete() of number 10,064 leaves 0xFFFFFFFE with a right check word; the next upgrade gets "
        "0xFFFFFFFF, which means erased, and complete(1) restarts into the old image.",
        ("K8", "K18"),
        "C4",
        ALL,
        None,
        RETURNED,
        "ota_1",
        known_histories.stray_number_wraps,
    ),
    KnownCase(
        "stray-number-names-what-runs",
        "A power cut in complete() leaves a record with a right check word that names the running slot: rollback() "
        "restarts into the image that called it.",
        ("K18",),
        "C6",
        ALL,
        None,
        RETURNED,
        "ota_0",
        known_histories.stray_number_names_what_runs,
    ),
    KnownCase(
        "stray-number-boots-a-download",
        "A power cut in commence() leaves a spare record that decides, with a right check word: the next download "
        "boots before complete(), in place of the accepted image.",
        ("K18",),
        "C5",
        Release.V5_5,
        None,
        RETURNED,
        "ota_0",
        known_histories.stray_number_boots_a_download,
    ),
    KnownCase(
        "rollback-to-an-unfinished-image",
        "rollback() during a download starts the slot that was written and never completed.",
        ("R15",),
        "C2",
        ALL,
        Release.V5_1,
        RETURNED,
        "ota_0",
        known_histories.rollback_to_unfinished,
    ),
    KnownCase(
        "rollback-to-an-unfinished-image-without-trial",
        "The same without CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE, to this day.",
        ("R15",),
        "C2",
        ALL,
        None,
        RETURNED,
        "ota_0",
        known_histories.rollback_to_unfinished_without_trial,
    ),
    KnownCase(
        "damaged-image-locks-out-all",
        "With anti-rollback, the bootloader burns the version that a damaged image names before it verifies the image: "
        "no other one may start again.",
        ("R7",),
        "C1",
        ALL,
        None,
        NOTHING,
        None,
        known_histories.brick,
    ),
    KnownCase(
        "torn-erase-raises-the-version",
        "A power cut in the erase of a slot sets one bit of the secure version in its description; the bootloader "
        "burns it, and no image is new enough any more.",
        ("C13", "R7"),
        "C1",
        ALL,
        None,
        NOTHING,
        None,
        known_histories.torn_erase_raises_the_version,
    ),
    KnownCase(
        "too-old-image-is-wiped",
        "complete(1) erases an image whose secure version is too old, says nothing of it, and restarts.",
        ("C12", "R1"),
        None,
        ALL,
        None,
        StepOutcome.RESTARTED,
        None,
        known_histories.too_old_is_wiped,
    ),
    KnownCase(
        "accept-fails-and-is-done",
        "accept() of an image with a secure version beyond the eFuse field fails, and has made the image VALID.",
        ("R16",),
        "C26",
        ALL,
        None,
        RAISED,
        "ota_1",
        known_histories.accept_fails_and_is_done,
    ),
    KnownCase(
        "aborted-image-boots",
        "When a power cut loses the record of the good image, and the other one is ABORTED, ota_0 boots all the same: "
        "here the aborted image.",
        ("K6", "R10"),
        "C7",
        Release.V6_0,
        None,
        RETURNED,
        "ota_0",
        known_histories.aborted_image_boots,
    ),
    KnownCase(
        "aborted-image-boots-without-a-cut",
        "After esp_ota_set_boot_partition() of a slot under test both records are aborted in turn; the aborted image "
        "goes on booting, and accept() fails.",
        ("K6", "R10"),
        "C25",
        ALL,
        Release.V5_5,
        RAISED,
        "ota_0",
        known_histories.aborted_image_boots_uncut,
    ),
    KnownCase(
        "locked-out-until-a-reset",
        "info() reports the first record of a slot, not the one that decides: it says testing, accept() accepts the "
        "other, and commence() is refused until the next reset.",
        ("R13",),
        "C15",
        ALL,
        Release.V5_5,
        RAISED,
        "ota_0",
        known_histories.locked_out,
    ),
    KnownCase(
        "way-back-is-erased",
        "With rollback and three slots, commence() erases the record of the image to go back to, which is not the one "
        "being overwritten: rollback() is not possible any more.",
        ("R14",),
        None,
        Release.V5_5,
        None,
        RAISED,
        "ota_1",
        known_histories.way_back_is_erased,
    ),
    KnownCase(
        "error-after-the-switch",
        "complete() with an argument that is no number raises an error once the switch is done: the new image boots.",
        ("R2",),
        None,
        ALL,
        None,
        RETURNED,
        "ota_1",
        known_histories.error_after_the_switch,
    ),
)
"""All cases; those that a test of an upgrade finds first come first."""
