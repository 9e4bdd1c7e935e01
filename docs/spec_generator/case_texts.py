"""The texts of the K and R cases, each with its evidence.

K: found by reading the code and by search. R: observed in the recordings of ESP-IDF's and NodeMCU's own code.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaseText:
    """One case."""

    id: str
    title: str
    text: str
    named: tuple[str, ...] = ()
    """Further named cases that show it; most name the K or R case themselves."""
    releases: str = ""
    """The releases or conditions in words; empty if named cases have them."""
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
    """A link to more of this specification, as Markdown."""
    not_modelled: str = ""
    """Why the project has no evidence for it."""


_ALL = "all releases from 4.4 on"

K_CASES: tuple[CaseText, ...] = (
    CaseText(
        "K1",
        "The switch to factory is torn",
        "`esp_ota_set_boot_partition(factory)` erases both records, sector 0 first. If the active record is in sector 0, a power cut between the two erases makes the older record the active one.",
        picture="call-set_boot_factory",
    ),
    CaseText(
        "K2",
        "accept() is torn",
        "accept() erases the active record before it programs it again. A power cut between the two boots the previous image. Without rollback nobody intended to go back to it.",
        picture="call-accept",
    ),
    CaseText(
        "K3",
        "The factory-reset pin uses up the trial",
        "The bootloader selects a record, erases the partitions of the factory reset, and selects again in the same reset. The first selection changes NEW to PENDING_VERIFY, the second one PENDING_VERIFY to ABORTED. The new image never ran.",
        releases=_ALL,
        vectors=("p0014",),
        also="row [L51](life-cycle.md#l51)",
    ),
    CaseText(
        "K4a",
        "A tool that keeps the state word: the switch has no effect",
        "A tool that writes a new sequence number into an old record and keeps its state word can produce a record that is ABORTED from the start. The bootloader skips it.",
        releases="any release; the tool is at fault",
        script="switch-without-effect",
    ),
    CaseText(
        "K4b",
        "A tool that keeps the state word: a rolled-back image returns",
        "The tool can also write the new number over a VALID record. The image that was rolled back then boots as if it had been accepted, and the record of the good image is lost.",
        releases="any release; the tool is at fault",
        script="rolled-back-image-returns",
    ),
    CaseText(
        "K5",
        "The running slot is set as boot partition",
        "Up to 5.5 `esp_ota_set_boot_partition()` for the slot of the active record writes the same sequence number into the other sector. Two records then name one slot with different states, and the record of the previous image is overwritten.",
        picture="call-set_boot_running",
    ),
    CaseText(
        "K6",
        "No record is bootable, and there is no factory image",
        "If both records are rejected, ota_0 boots, whatever its state word is.",
    ),
    CaseText(
        "K7",
        "accept() after a fallback",
        "The selected image does not verify, and another one runs. accept() marks the selected record as VALID, which names the damaged slot and not the running one.",
    ),
    CaseText("K8", "The sequence number reaches its maximum", "After 0xfffffffe comes 0xffffffff, which means erased."),
    CaseText(
        "K9",
        "Sequence number 0",
        "Number 0 is bootable and names slot 0xffffffff mod n. A program that counts from 0 gets a slot that it does not expect.",
        releases="any release; the program is at fault",
        vectors=("b00831",),
        tests=("tests/impl/test_otadata.py::test_number_zero_is_bootable_and_erased_flash_is_not",),
        lemmas=("number_0_breaks_the_last_slot",),
        script="number-zero",
    ),
    CaseText(
        "K10",
        "A field report: otadata with wrong check words",
        "A gateway in the field rebooted endlessly because its otadata held records with wrong check words or odd numbers, which its application did not expect ([report](https://github.com/ruuvi/ruuvi.gateway_esp.c/issues/1278)). The project reproduces the part of the bootloader: it never repairs such records. The first image that verifies starts, `info()` has no state for it, and no boot changes that.",
        releases=_ALL,
        vectors=("b01078",),
        script="wrong-check-words-stay",
    ),
    CaseText(
        "K11",
        "complete() without a restart, then commence()",
        "The next commence() erases the marked slot. Its record stays NEW, the reboot falls back to the old image, and accept() in that image has the effect of K7.",
    ),
    CaseText(
        "K12",
        "A failed begin keeps its handle",
        "If the erase in `esp_ota_begin` fails, the handle stays open, and the caller may not know it. A later begin is refused until `esp_ota_abort`.",
        releases="from 5.5 on the handle is still returned; from 6.1 on it blocks the slot",
        vectors=("a0032", "a0033", "e0064", "e0157"),
    ),
    CaseText(
        "K13",
        "A gap in the numbers of the slots",
        "With ota_0 and ota_2 the bootloader counts two slots and the application counts one. A sequence number names different slots for the two.",
        named=("table-with-a-gap",),
        tests=("tests/impl/test_board.py::test_gap_in_the_slots_makes_bootloader_and_application_count_differently",),
    ),
    CaseText(
        "K14",
        "Anti-rollback, and no OTA slot",
        "With anti-rollback, a bootable record and a table without OTA slots the bootloader computes the number modulo 0 and traps.",
        releases=_ALL,
        tests=("tests/impl/test_board.py::test_valid_entry_without_slots_traps_with_anti_rollback",),
    ),
    CaseText(
        "K15",
        "A torn eFuse burn",
        "The secure version is the number of burned bits. A torn burn can set an upper bit without a lower one and leaves a gap. Every later burn of a higher version is then refused.",
        releases=_ALL,
        tests=("tests/impl/test_efuse.py::test_gap_of_a_torn_burn_is_never_filled",),
        lemmas=("torn_burn_heals", "refused_for_ever"),
    ),
    CaseText(
        "K16",
        "Encrypted flash, erased otadata",
        "Erased flash reads as random data after decryption, so the bootloader does not recognise blank otadata and writes no first record.",
        not_modelled="flash encryption is not in the model. The same effect has another cause in [power_on, a blank device](call-power_on.md#a-blank-device): a torn first record is not written again.",
    ),
    CaseText(
        "K17",
        "A torn NEW reads VALID",
        "The check word does not cover the state word. NEW is all zeros, so a torn program that leaves one bit at 1 produces PENDING_VERIFY or VALID.",
        named=("torn-new-reads-valid",),
    ),
    CaseText(
        "K18",
        "A torn number matches its torn check word",
        "A torn number and a torn check word can match by chance: a [stray number](claims.md#stray-numbers). The record then decides what boots, since tears only increase numbers, and can name another slot. Which numbers it takes, and how likely it is, stands with [the claims](claims.md#stray-numbers).",
        releases=_ALL,
        vectors=("t0472",),
        lemmas=(
            "no_prefix_passes",
            "byte_tears_are_few",
            "bit_tears_of_1",
            "strays_are_greater",
            "strays_name_declared_slots",
            "strays_reach_the_top",
        ),
        also="rows [L94](life-cycle.md#l94) to [L99](life-cycle.md#l99)",
    ),
    CaseText(
        "K19",
        "No image is verified at boot",
        "With CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS the selected slot starts whatever it holds, and there is no fallback.",
        releases=_ALL,
        tests=("tests/impl/test_board.py::test_validation_is_skipped_on_power_on_only",),
        script="unverified-image-starts",
    ),
    CaseText(
        "K20",
        "Deep sleep while under test",
        "With CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP a wake-up starts the image that ran before, without reading otadata. An image that was not accepted runs again after each wake-up.",
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
        "complete() ignores the result of `esp_ota_set_boot_partition`. An image with too low a secure version is erased, and complete() returns or restarts as after a success.",
        vectors=("s0578", "s0579", "s0597"),
    ),
    CaseText(
        "R2",
        "complete() checks its argument last",
        'A string or a boolean raises an error after the switch is done. 0.5 and "0" do not restart; −1 and "1" do.',
        vectors=("s0160", "s0161", "s0162", "s0163", "s0153"),
    ),
    CaseText(
        "R3",
        "accept() or rollback() before the restart",
        "Both act on the active record, which complete() has just written. accept() marks an image as VALID that never ran; rollback() reverts the upgrade.",
        vectors=("s0165", "s0166"),
    ),
    CaseText(
        "R4",
        "A second commence()",
        "From 6.1 on it is refused, and the first session stays usable. Before 6.1 it erases the slot again and begins a new session.",
        releases="refused from 6.1 on",
        vectors=("s0116", "s0119", "s0170", "s0191"),
    ),
    CaseText(
        "R5",
        'write("") without commence()',
        "It returns normally, since an empty write does not check the handle. 4.4 raises an error.",
        releases="from 5.1 on",
        vectors=("s0120", "s0195"),
    ),
    CaseText(
        "R6",
        "More data than an image, or than fits",
        "A write that does not fit raises an error, and a complete image before it still completes and boots. Data after the end of an image is accepted.",
        releases=_ALL,
        vectors=("s0130", "s0128"),
    ),
    CaseText(
        "R7",
        "A brick: the version is burned before the image is verified",
        "With anti-rollback the bootloader burns the secure version in the description of a VALID slot. If the image with that description is damaged, no image has a sufficient version any more.",
        vectors=("s0498", "b01876"),
    ),
    CaseText(
        "R8",
        "The check word covers only the number",
        "A record with an unknown state word is bootable. A PENDING_VERIFY record with a wrong check word is still rewritten as ABORTED.",
        vectors=("b00085", "b01078"),
    ),
    CaseText(
        "R9",
        "NEW comes under test before the image is verified",
        "The trial is used up although the image never starts. The bootloader then falls back to factory, not to the slot of the other record.",
        vectors=("b02093", "b02062"),
    ),
    CaseText(
        "R10",
        "All records rejected, no factory",
        "ota_0 boots, even if its own record is ABORTED. accept() then fails, since no record is active.",
        vectors=("s0406", "b00441"),
    ),
    CaseText(
        "R11",
        "The running image is not the selected one",
        "After a fallback accept() and rollback() act on the selected record. accept() marks the damaged image as VALID. rollback() marks it as INVALID, and the same image starts again.",
        vectors=("s0506", "s0518"),
    ),
    CaseText(
        "R12",
        "Completed twice before the restart",
        "Up to 5.5 the second complete() overwrites the record of the old image with the same number. The new image boots, is aborted and boots again, and the good record is lost.",
        vectors=("s0444", "s0402"),
    ),
    CaseText(
        "R13",
        "info() reports the first record",
        "Two records can name one slot. info() reports the first one, not the active one, and commence() checks the same report.",
        vectors=("s0444", "s1289"),
    ),
    CaseText(
        "R14",
        "commence() erases the record of the previous image",
        "With rollback, from 5.5 on, the erased record need not name the erased slot. With three slots the previous image is intact but has lost its record.",
        vectors=("s0407", "s0449", "s0393"),
    ),
    CaseText(
        "R15",
        "rollback() into an unfinished image",
        "A slot that was erased and written again, but not completed, can still have its old VALID record. rollback() goes there if the image happens to verify.",
        vectors=("s0373", "s0436"),
    ),
    CaseText(
        "R16",
        "accept() fails after it has taken effect",
        "With a secure version beyond the eFuse field the record is VALID before the burn is refused.",
        vectors=("s0586",),
    ),
    CaseText(
        "R17",
        "An image without a description",
        "With anti-rollback, complete() and rollback() fail an assertion of the C code. Without it the image boots.",
        releases="complete(): 5.5 and later; rollback(): later than 6.1",
        vectors=("s0109", "s0323"),
    ),
    CaseText(
        "R18",
        "A power cut in accept() with only one record",
        "Without its only record the device counts as blank. ota_0 boots, in this recording an image that was never selected, and a first record marks it as VALID.",
        vectors=("s1242",),
    ),
    CaseText(
        "R19",
        "A power cut anywhere in a plain upgrade",
        "Every single cut boots the old image or the new one. A cut inside accept() has the effect of a rollback.",
        vectors=("s0764",),
        picture="outcome-strips",
    ),
    CaseText(
        "R20",
        "The upgrade after a cut",
        "It succeeds. A device whose only OTA slot runs has no slot for it.",
        releases=_ALL,
        vectors=("s0764",),
        also="claim [C9](claims.md#c9)",
    ),
    CaseText(
        "R21",
        "Sequence numbers near the maximum",
        "The upgrade after number 0xfffffffe reports success and never takes effect.",
        vectors=("s0651", "s0652", "s0656"),
        lemmas=("next_seq_breaks_at_the_top", "next_seq_is_safe_below_the_top"),
    ),
    CaseText(
        "R22",
        "An endless loop",
        "If no number is left that names the wanted slot, the loop that searches for one never ends.",
        releases=_ALL,
        vectors=("s0657",),
        tests=("tests/impl/test_otadata.py::test_search_without_end_is_a_hang",),
    ),
    CaseText(
        "R23",
        "Equal numbers, and number 0",
        "With equal numbers the first record is the active one. Number 0 is valid and names slot 0xffffffff mod n.",
        releases=_ALL,
        vectors=("b00614", "b00831"),
    ),
    CaseText(
        "R24",
        "Two cuts lose both records",
        "ota_0 then boots, which nobody selected. With rollback and both records blank, the bootloader records it as VALID.",
        vectors=("c0002", "c0047", "c0055", "c0147"),
    ),
    CaseText(
        "R25",
        "A flash error in complete()",
        "The switch fails, and complete() returns, or restarts into the old image. After a failed commence(), write() and complete() still work from 6.0 on. On 5.1 the handle is invalid, and a second commence() works.",
        releases=_ALL,
        vectors=("e0010", "e0162", "e0064", "e0069", "e0157", "e0166"),
    ),
    CaseText(
        "R26",
        "esp_ota_begin from 5.5 on",
        "A begin that fails still returns a handle. An error in the erase of the other record is ignored. Data partitions, including otadata, are accepted as targets.",
        releases="from 5.5 on",
        vectors=("a0032", "a0033", "e0017", "a0106", "a0111"),
    ),
    CaseText(
        "R27",
        "esp_ota_resume while under test",
        "`esp_ota_resume` is possible while the running image is under test. Releases after 6.1 refuse it.",
        releases="5.3 to 6.1",
        vectors=("a0287", "a0260"),
    ),
    CaseText(
        "R28",
        "The running slot is set as boot partition",
        "From 6.0 on the active record is rewritten in place, and a power cut there falls back to the other slot. Before 6.0 the other record gets the same number.",
        vectors=("a0166", "a0171", "a0185", "a0190"),
        picture="call-set_boot_running",
    ),
    CaseText(
        "R29",
        "The switch to factory is cut or fails",
        "If the active record is in sector 0, a power cut or a flash error between the two erases boots the older OTA image.",
        vectors=("a0144", "e0004"),
        picture="call-set_boot_factory",
    ),
    CaseText(
        "R30",
        "Sequential writes and writes at an offset",
        "A sequential write erases the sector before it checks the first byte. `esp_ota_write_with_offset` fails an assertion on such a handle, and never checks the first byte on another.",
        releases=_ALL,
        vectors=("a0048", "a0065", "a0062"),
    ),
    CaseText(
        "R31",
        "Torn state words",
        "A torn NEW can read as VALID and boots without a test. A torn VALID can read as INVALID.",
        vectors=("t0716", "t0525", "t0472"),
    ),
    CaseText(
        "R32",
        "The bootloader ignores its own write errors",
        "If the write of ABORTED fails, the record is lost, and the boot continues.",
        releases=_ALL,
        vectors=("e0026", "e0167"),
        also="rows with -F of the [life cycle](life-cycle.md#rows-with-a-power-cut-or-a-failing-flash-operation)",
    ),
    CaseText(
        "R33",
        "Pins",
        "With the factory-reset pin and no erase of otadata the bootloader selects twice: NEW becomes ABORTED, and the image never ran. With the test pin NEW first becomes PENDING_VERIFY; without a test image nothing boots.",
        releases=_ALL,
        vectors=("p0014", "p0042"),
    ),
)
