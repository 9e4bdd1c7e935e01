"""The cases: what goes wrong, or otherwise than one would think, each with what shows it.

K: found by reading and by search. R: seen in the recordings of ESP-IDF's and NodeMCU's own code. The words are written
here; releases come from the named cases, the recordings and the board where those can tell.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaseText:
    """One case."""

    id: str
    title: str
    text: str
    named: tuple[str, ...] = ()
    """Named cases that show it, beside those that say so themselves."""
    releases: str = ""
    """When it happens, in words; empty where named cases tell."""
    vectors: tuple[str, ...] = ()
    """Ids of recordings that show it."""
    tests: tuple[str, ...] = ()
    """FILE::NAME of tests that show it."""
    lemmas: tuple[str, ...] = ()
    script: str = ""
    """Name of a board script."""
    picture: str = ""
    """Name of a committed picture."""
    also: str = ""
    """A place of this specification that tells more, as Markdown."""
    not_modelled: str = ""
    """Why nothing here shows it."""


_ALL = "all releases from 4.4 on"

K_CASES: tuple[CaseText, ...] = (
    CaseText(
        "K1",
        "The switch to factory is torn",
        "`esp_ota_set_boot_partition(factory)` erases both records, sector 0 first. If the newest record is there, a power cut between the two erases leaves the older one to decide.",
        picture="call-set_boot_factory",
    ),
    CaseText(
        "K2",
        "accept() is torn",
        "accept() erases the deciding record before it programs it again. A cut between the two boots the image before; without rollback, that is an image nobody meant to go back to.",
        picture="call-accept",
    ),
    CaseText(
        "K3",
        "The factory-reset pin burns the trial",
        "The bootloader selects, erases what the pin asks for, and selects again in the same reset. The first time NEW becomes PENDING_VERIFY, the second time PENDING_VERIFY becomes ABORTED: the new image never ran.",
        releases=_ALL,
        vectors=("p0014",),
        also="row [L51](life-cycle.md#l51)",
    ),
    CaseText(
        "K4a",
        "A tool that keeps the state word: the switch has no effect",
        "A tool that writes a new number over an old record, and keeps its state word, can write a record that is ABORTED from the start. The bootloader passes it over.",
        releases="any release; it lies with the tool",
        script="switch-without-effect",
    ),
    CaseText(
        "K4b",
        "A tool that keeps the state word: a rolled-back image returns",
        "The other way round, the new number can come to stand over a VALID record: the image that was rolled back boots as if accepted, and the good image's record is gone.",
        releases="any release; it lies with the tool",
        script="rolled-back-image-returns",
    ),
    CaseText(
        "K5",
        "The running slot is set to boot",
        "Up to 5.5 `esp_ota_set_boot_partition()` of the slot that decides already writes the same number into the other sector. Two records name one slot with two states, and the way back is overwritten.",
        picture="call-set_boot_running",
    ),
    CaseText(
        "K6",
        "Nothing is bootable, and there is no factory image",
        "When both records are rejected, ota_0 boots, whatever its state word says.",
    ),
    CaseText(
        "K7",
        "accept() after a fallback",
        "The selected image does not verify and another one runs. accept() makes the selected record VALID: the broken slot is blessed, and the image that runs is not.",
    ),
    CaseText("K8", "The sequence number reaches its end", "After 0xfffffffe comes 0xffffffff, and that means erased."),
    CaseText(
        "K9",
        "Sequence number 0",
        "Number 0 counts as bootable and names slot 0xffffffff mod n. A program that begins to count at 0 gets another slot than it thinks.",
        releases="any release; it lies with the program",
        vectors=("b00831",),
        tests=("tests/impl/test_otadata.py::test_number_zero_is_bootable_and_erased_flash_is_not",),
        lemmas=("number_0_breaks_the_last_slot",),
        script="number-zero",
    ),
    CaseText(
        "K10",
        "A field report: otadata with wrong check words",
        "A gateway in the field rebooted for ever because its otadata held records with wrong check words or odd numbers, for which its application was not prepared ([report](https://github.com/ruuvi/ruuvi.gateway_esp.c/issues/1278)). Here the bootloader's half of it: such records are never repaired; the first image that verifies starts, `info()` has no state for it, and no boot changes that.",
        releases=_ALL,
        vectors=("b01078",),
        script="wrong-check-words-stay",
    ),
    CaseText(
        "K11",
        "complete() without a restart, then commence()",
        "The marked slot is wiped by the next commence(). The record that names it stays NEW, the reboot falls back to the old image, and its accept() does as K7 says.",
    ),
    CaseText(
        "K12",
        "A failed begin keeps its handle",
        "When the erase in `esp_ota_begin` fails, the handle is open, and nobody may know its number: a later begin is refused until `esp_ota_abort`.",
        releases="from 5.5 on the handle is given out all the same; from 6.1 on it blocks the slot",
        vectors=("a0032", "a0033", "e0064", "e0157"),
    ),
    CaseText(
        "K13",
        "A gap in the numbers of the slots",
        "With ota_0 and ota_2 the bootloader counts two slots and the application one. A number names one slot to the one and another to the other.",
        named=("table-with-a-gap",),
        tests=("tests/impl/test_board.py::test_gap_in_the_slots_makes_bootloader_and_application_count_differently",),
    ),
    CaseText(
        "K14",
        "Anti-rollback, and no OTA slot",
        "A bootable record and a table without OTA slots: with anti-rollback the bootloader takes the number modulo 0 and traps.",
        releases=_ALL,
        tests=("tests/impl/test_board.py::test_valid_entry_without_slots_traps_with_anti_rollback",),
    ),
    CaseText(
        "K15",
        "A torn eFuse burn",
        "The version is the number of burned bits. A burn that sets an upper bit and not a lower one leaves a gap; a version beyond it is refused by every later burn.",
        releases=_ALL,
        tests=("tests/impl/test_efuse.py::test_gap_of_a_torn_burn_is_never_filled",),
        lemmas=("torn_burn_heals", "refused_for_ever"),
    ),
    CaseText(
        "K16",
        "Encrypted flash, erased otadata",
        "Erased flash reads as noise through decryption, so otadata is not recognised as blank and no first record is written.",
        not_modelled="flash encryption is not in the model. The same end, reached by another way, is shown in [power_on, a blank device](call-power_on.md#a-blank-device): a first record that was torn is not written again.",
    ),
    CaseText(
        "K17",
        "A torn NEW reads VALID",
        "The check word does not cover the state word. NEW is all zeros, so a program that leaves one bit out makes PENDING_VERIFY or VALID of it.",
        named=("torn-new-reads-valid",),
    ),
    CaseText(
        "K18",
        "A torn number fits its torn check word",
        "By chance a torn number and a torn check word can match; the record then names any slot, and wins, as tears only make numbers greater.",
        releases=_ALL,
        vectors=("t0472",),
        lemmas=("no_prefix_passes", "byte_tears_are_few", "bit_tears_of_1", "strays_are_greater"),
        also="rows [L94](life-cycle.md#l94) to [L99](life-cycle.md#l99)",
    ),
    CaseText(
        "K19",
        "No image is verified at boot",
        "With CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS the selected slot starts whatever it holds, and nothing falls back.",
        releases=_ALL,
        tests=("tests/impl/test_board.py::test_validation_is_skipped_on_power_on_only",),
        script="unverified-image-starts",
    ),
    CaseText(
        "K20",
        "Deep sleep while under test",
        "With CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP a wake-up starts the image that ran, and does not look at otadata: an image that was not accepted runs a second time, and a third.",
        releases=_ALL,
        tests=("tests/impl/test_board.py::test_wake_up_from_deep_sleep_bypasses_the_selection",),
        script="wake-while-under-test",
        also="row [L57](life-cycle.md#l57)",
    ),
)

R_CASES: tuple[CaseText, ...] = (
    CaseText(
        "R1",
        "complete() hides errors of the switch",
        "The result of `esp_ota_set_boot_partition` is dropped. An image whose secure version is too low is erased, and complete() returns or restarts as if all were well.",
        vectors=("s0578", "s0579", "s0597"),
    ),
    CaseText(
        "R2",
        "complete() looks at its argument last",
        'With a text or a boolean it raises an error, and the switch is done already. 0.5 and "0" do not restart; −1 and "1" do.',
        vectors=("s0160", "s0161", "s0162", "s0163", "s0153"),
    ),
    CaseText(
        "R3",
        "accept() or rollback() before the restart",
        "Both act on the record that decides, which complete() has just written: accept() makes an image VALID that never ran, rollback() takes the upgrade back.",
        vectors=("s0165", "s0166"),
    ),
    CaseText(
        "R4",
        "A second commence()",
        "From 6.1 on it is refused, and the first session stays usable; before, it erases again and a new session begins.",
        releases="refused from 6.1 on",
        vectors=("s0116", "s0119", "s0170", "s0191"),
    ),
    CaseText(
        "R5",
        'write("") without commence()',
        "It returns normally, as no data is no reason to look at the handle; 4.4 raises an error.",
        releases="from 5.1 on",
        vectors=("s0120", "s0195"),
    ),
    CaseText(
        "R6",
        "More data than an image, or than fits",
        "A write that does not fit raises an error, and a whole image before it still completes and boots. Data after the end of an image is accepted.",
        releases=_ALL,
        vectors=("s0130", "s0128"),
    ),
    CaseText(
        "R7",
        "A brick: the version is burned before the image is verified",
        "With anti-rollback the bootloader burns the version that the description in a VALID slot names. If the image behind that description is damaged, no image is new enough any more.",
        vectors=("s0498", "b01876"),
    ),
    CaseText(
        "R8",
        "The check word covers the number alone",
        "A record with any state word is bootable, whatever that word is; a PENDING_VERIFY record with a wrong check word is still rewritten as ABORTED.",
        vectors=("b00085", "b01078"),
    ),
    CaseText(
        "R9",
        "NEW comes under test before the image is verified",
        "The trial is used up although the image never starts; from there the bootloader goes down to factory, not to the other record's slot.",
        vectors=("b02093", "b02062"),
    ),
    CaseText(
        "R10",
        "All records rejected, no factory",
        "ota_0 boots, also when its own record says ABORTED, and accept() then fails: no record decides.",
        vectors=("s0406", "b00441"),
    ),
    CaseText(
        "R11",
        "What runs is not what is selected",
        "After a fallback accept() and rollback() act on the selected record: the broken image becomes VALID, or becomes INVALID and the same image starts again.",
        vectors=("s0506", "s0518"),
    ),
    CaseText(
        "R12",
        "Completed twice before the restart",
        "Up to 5.5 the second complete() overwrites the record of the old image with the same number. The image boots, is aborted and boots again; the good record is lost.",
        vectors=("s0444", "s0402"),
    ),
    CaseText(
        "R13",
        "info() tells of the first record",
        "Two records can name one slot, and info() reports the first, not the one that decides; the checks of commence() go by the same report.",
        vectors=("s0444", "s1289"),
    ),
    CaseText(
        "R14",
        "commence() erases the way back",
        "Rollback on, from 5.5: the record that is erased need not be that of the slot that is wiped. With three slots the image to go back to is intact and its record is gone.",
        vectors=("s0407", "s0449", "s0393"),
    ),
    CaseText(
        "R15",
        "rollback() into an unfinished image",
        "A slot that was wiped and written again, but not completed, can still have its old VALID record; rollback() goes there if the image happens to verify.",
        vectors=("s0373", "s0436"),
    ),
    CaseText(
        "R16",
        "accept() fails, and is done",
        "A secure version beyond the eFuse field: the record is VALID by the time the burn is refused.",
        vectors=("s0586",),
    ),
    CaseText(
        "R17",
        "An image without a description",
        "With anti-rollback, complete() and rollback() run into a failed assertion of the C code; without, it boots.",
        releases="complete(): 5.5 and later; rollback(): later than 6.1",
        vectors=("s0109", "s0323"),
    ),
    CaseText(
        "R18",
        "One record alone, and accept() is cut",
        "Without its only record the device counts as blank: ota_0 boots, here an image that was never selected, and a first record makes it VALID.",
        vectors=("s1242",),
    ),
    CaseText(
        "R19",
        "A plain upgrade, cut anywhere",
        "Every single cut boots the old image or the new one. A cut inside accept() has the effect of a rollback.",
        vectors=("s0764",),
        picture="outcome-strips",
    ),
    CaseText(
        "R20",
        "The upgrade after a cut",
        "It succeeds; but a device with one OTA slot, when that one runs, has no other to go to.",
        releases=_ALL,
        vectors=("s0764",),
        also="claim [C9](claims.md#c9)",
    ),
    CaseText(
        "R21",
        "Numbers next to the top",
        "The upgrade after number 0xfffffffe succeeds by all appearances and never takes effect.",
        vectors=("s0651", "s0652", "s0656"),
        lemmas=("next_seq_breaks_at_the_top", "next_seq_is_safe_below_the_top"),
    ),
    CaseText(
        "R22",
        "A search without end",
        "When no number is left that names the wanted slot, the loop that looks for one never ends.",
        releases=_ALL,
        vectors=("s0657",),
        tests=("tests/impl/test_otadata.py::test_search_without_end_is_a_hang",),
    ),
    CaseText(
        "R23",
        "Equal numbers, and number 0",
        "Of equal numbers the first record wins. Number 0 is valid and names slot 0xffffffff mod n.",
        releases=_ALL,
        vectors=("b00614", "b00831"),
    ),
    CaseText(
        "R24",
        "Two cuts lose both records",
        "Then ota_0 boots, which nobody selected; with rollback on, and both records blank, the bootloader writes it down as VALID.",
        vectors=("c0002", "c0047", "c0055", "c0147"),
    ),
    CaseText(
        "R25",
        "A flash error in complete()",
        "The switch fails, and complete() returns, or restarts into the old image. After a failed commence(), write() and complete() still work from 6.0 on; on 5.1 the handle is of no use, and a second try works.",
        releases=_ALL,
        vectors=("e0010", "e0162", "e0064", "e0069", "e0157", "e0166"),
    ),
    CaseText(
        "R26",
        "Begin, from 5.5 on",
        "A begin that fails gives out a handle all the same; an error in the erase of the other record is dropped; data partitions, otadata among them, are accepted as targets.",
        releases="from 5.5 on",
        vectors=("a0032", "a0033", "e0017", "a0106", "a0111"),
    ),
    CaseText(
        "R27",
        "Resume while under test",
        "`esp_ota_resume` is possible while the running image is under test; refused by the rules after 6.1.",
        releases="5.3 to 6.1",
        vectors=("a0287", "a0260"),
    ),
    CaseText(
        "R28",
        "The running slot is set to boot",
        "From 6.0 on the deciding record is rewritten in place, and a cut there falls back to the other slot; before, the other record takes the same number.",
        vectors=("a0166", "a0171", "a0185", "a0190"),
        picture="call-set_boot_running",
    ),
    CaseText(
        "R29",
        "The switch to factory, cut or failing",
        "If the newest record is in sector 0, a cut or a flash error between the two erases boots the older OTA image.",
        vectors=("a0144", "e0004"),
        picture="call-set_boot_factory",
    ),
    CaseText(
        "R30",
        "Sequential writes and writes at an offset",
        "A sequential write erases the sector before the first byte is looked at; `esp_ota_write_with_offset` on such a handle runs into an assertion, and on another one never looks at the first byte.",
        releases=_ALL,
        vectors=("a0048", "a0065", "a0062"),
    ),
    CaseText(
        "R31",
        "Torn state words",
        "A torn NEW reads VALID and boots untested; a torn VALID reads INVALID.",
        vectors=("t0716", "t0525", "t0472"),
    ),
    CaseText(
        "R32",
        "The bootloader ignores its own write errors",
        "A record whose ABORTED could not be written is lost, and the boot goes on.",
        releases=_ALL,
        vectors=("e0026", "e0167"),
        also="rows with -F of the [life cycle](life-cycle.md#what-a-power-cut-or-a-failing-flash-operation-makes-of-a-row)",
    ),
    CaseText(
        "R33",
        "Pins",
        "The factory-reset pin without an erase of otadata selects twice: NEW becomes ABORTED, and never ran. The test pin turns NEW into PENDING_VERIFY first; without a test image nothing boots.",
        releases=_ALL,
        vectors=("p0014", "p0042"),
    ),
)
