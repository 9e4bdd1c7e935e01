"""What the device model leaves out, so that no verdict on a claim speaks of it: one table for every report and page.

*Holds* and *proved* are about histories of the device model. A row names what no such history has, the weakest fault
model under which it can matter, and the claims that it is known to break although the verdict on them may be *holds*.
Nothing is known of the other claims. The second table does the same for Usage.RESTART_AT_ONCE: what NodeMCU's
documentation allows, and the histories of that usage do not have. tests/house/test_left_out.py plays on the simulated
board what each row is said to break.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..device.allowance import Allowance
from ..device.state import Usage
from ..fault_model import FaultModel

PAGE = "docs/spec/claims.md"
"""Where the whole list stands, under the heading `HEADING`."""
HEADING = "What the verdicts leave out"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One thing that no history of the device model has."""

    name: str
    """A few words for a list."""
    sentence: str
    """What it is."""
    faults: FaultModel | None = None
    """The weakest fault model under which it can matter; None where no power cut is needed."""
    breaks: tuple[str, ...] = ()
    """Ids of the claims that it is known to break."""
    known: str = ""
    """What is known to come of it; empty where nothing is."""
    allowance: Allowance | None = None
    """What brings it into the model where a scope allows it; None where nothing does."""

    @property
    def text(self) -> str:
        """The sentence with what is known."""
        return f"{self.sentence} {self.known}".strip()


LEFT_OUT: tuple[LeftOut, ...] = (
    LeftOut(
        "torn secure versions",
        "With anti-rollback, the cut in the erase of a slot that changes the secure version in the description of its "
        "image while the first word of the image survives.",
        FaultModel.F2,
        ("C1",),
        "The bootloader can burn a version that no image has (case torn-erase-raises-the-version).",
    ),
    LeftOut(
        "numbers near 2^32",
        "Sequence numbers in the last 64 of their range, which other programs write, or a cut leaves by chance (F3); "
        "and number 0, which only other programs write. With two slots and up to F2, a scope can allow 0 and the last "
        "three; those before them come to these by upgrades.",
        breaks=("C2", "C4", "C6", "C7", "C10", "C11", "C12", "C13", "C14", "C18", "C19", "C20", "C21", "C22", "C25"),
        known="After 0xFFFFFFFE comes 0xFFFFFFFF, which means erased (case sequence-number-wraps). Records that other "
        "programs write break what rests on two records that name two slots.",
        allowance=Allowance.END_NUMBERS,
    ),
    LeftOut(
        "tables with gaps",
        "Partition tables whose OTA slots are not ota_0, ota_1, … without a gap, or that have no otadata.",
        breaks=("C4",),
        known="Bootloader and application then count the slots differently (case table-with-a-gap).",
    ),
    LeftOut(
        "failing flash operations",
        "Operations of flash and eFuse that return an error, after none, half or all of them has taken effect.",
        breaks=("C6", "C10", "C14", "C17", "C24"),
        known="complete() hides an error of the switch, and the bootloader ignores its own (recorded: R1, R25, R32).",
        allowance=Allowance.FAILING_FLASH,
    ),
    LeftOut(
        "silent failures",
        "Flash operations that report success and have not worked; reads that return something else than is there.",
    ),
    LeftOut(
        "other writers",
        "Tools on a PC that blank otadata, or flash a slot with a whole image, while the device is off.",
        breaks=("C2", "C13"),
        known="With blank otadata, the first slot starts and is called valid, even if its download never finished.",
        allowance=Allowance.OTHER_WRITERS,
    ),
    LeftOut(
        "records by tools",
        "Uploads by cable from Arduino or PlatformIO, which write boot_app0.bin, and otatool.py, which selects a slot "
        "and keeps the state word that it finds.",
        breaks=("C2", "C6", "C7", "C10", "C11", "C13", "C18", "C19", "C20", "C21", "C22", "C25"),
        known="A tool that keeps the state word of a record brings back an image that was rolled back (K4b), and one "
        "that selects the slot which is selected already leaves two records of one slot.",
        allowance=Allowance.OTHER_RECORDS,
    ),
    LeftOut(
        "other records and images",
        "What other programs write beside that: records of their own making, images that are damaged; a tool that is "
        "cut; libraries that do not bring updates as otaupgrade does (`check --updater` has some).",
    ),
    LeftOut(
        "other calls",
        "Handles on other slots than the one that commence() takes, three handles at once, and sessions that erase as "
        "they write (OTA_WITH_SEQUENTIAL_WRITES); a damaged image that is made whole without an erase, and a "
        "description that is written over; esp_ota_set_boot_partition_skip_validate(), esp_ota_set_final_partition(), "
        "esp_ota_mark_app_invalid_rollback() without a restart, esp_ota_invalidate_inactive_ota_data_slot(); "
        "esp_ota_resume() of 5.3 and 5.4; arguments of a wrong type. Any use alone has calls of ESP-IDF's own. "
        "Where flash operations may fail, it has esp_ota_set_boot_partition() of the running slot and factory alone.",
        known="complete() with a text raises an error once the switch is done (case error-after-the-switch).",
    ),
    LeftOut(
        "pins",
        "The pins of factory reset and test app, held while the bootloader selects.",
        breaks=("C2", "C10", "C14"),
        known="A factory reset can use up the boot of a new image (recorded: R33). One that erases otadata can start "
        "an image whose download never finished.",
        allowance=Allowance.PINS,
    ),
    LeftOut(
        "test app, and pins with anti-rollback",
        "A partition for a test app; the pins of a device with anti-rollback.",
    ),
    LeftOut(
        "skipped validation",
        "CONFIG_BOOTLOADER_SKIP_VALIDATE_ON_POWER_ON with anti-rollback, and _IN_DEEP_SLEEP on chips without RTC fast "
        "memory. Of a build that skips validation (--skip-validate): failing flash operations, images of one segment, "
        "and headers that are written over, or that crash the bootloader.",
        known="With anti-rollback, from 5.5 on, no image loads without validation once a bit of the eFuse is burned. "
        "The tables of verdicts have no build that skips validation.",
    ),
    LeftOut(
        "chance verification",
        "Damaged images that pass the verification by chance: without an appended SHA-256, 1 in 256.",
    ),
    LeftOut(
        "odd images",
        "Images without a description, with a secure version above 3 or beyond the eFuse field, or that the bootloader "
        "cannot load although they verify; a factory image that is damaged or has a secure version other than 0.",
        breaks=("C26",),
        known="accept() can fail and have accepted (case accept-fails-and-is-done).",
    ),
    LeftOut(
        "sessions for a bootloader",
        "From 5.5 on, a session for a bootloader in the slot of an upgrade, which esp_ota_abort() ends.",
        breaks=("C4", "C10", "C17", "C23"),
        known="Until the next restart the SHA-256 of that slot is not compared: complete() marks a damaged image, and "
        "the bootloader refuses it (recorded: R34).",
    ),
    LeftOut(
        "unstable and lying flash",
        "What F4 and F5 add: bits that read differently each time after a cut, cuts that change other bytes of their "
        "sector, and operations that report success and did nothing or half.",
        FaultModel.F0,
        breaks=("C2", "C5", "C6", "C7", "C9", "C10", "C16", "C17", "C18", "C19", "C20", "C21", "C22", "C24"),
        known="On the board check, fuzz and campaign have both (The ladder of faults says what breaks).",
    ),
    LeftOut(
        "security features",
        "Flash encryption, secure boot, the TEE, the recovery bootloader, updates of bootloader and partition table.",
    ),
    LeftOut("time", "Watchdogs, brown-out detection, how long a call takes, and how likely a cut is where."),
)
"""What no history of the device model has; first what is known to break a claim."""

LEFT_OUT_OF_RESTART: tuple[LeftOut, ...] = (
    LeftOut(
        "calls after complete()",
        "complete(nil), which keeps the application running, is documented, and so are the calls that may follow it; "
        "restart-at-once usage has nothing between complete() and the restart.",
        known="The column for documented usage has them.",
    ),
)
"""What the documentation allows and no history of Usage.RESTART_AT_ONCE has."""


LEFT_OUT_BY_TURNS = LeftOut(
    "takeover",
    "Records of ESP-IDF, which the bootloader takes over at its first boot, and records that programs without this "
    "selector write. Where flash operations may fail, a failure to write the very first record is left out as well: "
    "until a record is whole, the application's calls are ESP-IDF's own.",
)
"""What no history of a device has whose otadata is kept by turns."""


def left_out_rows(allows: frozenset[Allowance] = frozenset(), is_by_turns: bool = False) -> Iterator[LeftOut]:
    """Yield what is left out where this is allowed. What a row breaks is known of ESP-IDF's own code alone."""
    rows = (row for row in LEFT_OUT if row.allowance not in allows)
    if is_by_turns:
        yield LEFT_OUT_BY_TURNS
        rows = (replace(row, breaks=(), known="") for row in rows)
    yield from rows


def left_out(
    faults: FaultModel, usage: Usage, allows: frozenset[Allowance] = frozenset(), is_by_turns: bool = False
) -> Iterator[LeftOut]:
    """Yield what is left out of a verdict under a fault model and a usage, where this is allowed."""
    yield from (row for row in left_out_rows(allows, is_by_turns) if row.faults is None or row.faults <= faults)
    if usage is Usage.RESTART_AT_ONCE:
        yield from LEFT_OUT_OF_RESTART


def left_out_line(
    faults: FaultModel, usage: Usage, allows: frozenset[Allowance] = frozenset(), is_by_turns: bool = False
) -> str:
    """Return one line for a report: what is known to break a claim by name, the rest by its number.

    Of otadata by turns nothing is known to, so all is named."""
    rows = list(left_out(faults, usage, allows, is_by_turns))
    if is_by_turns:
        return f"Left out of the model: {'; '.join(row.name for row in rows)}; see --json or {PAGE}"
    named = [f"{row.name} (breaks {', '.join(row.breaks)})" for row in rows if row.breaks]
    return f"Left out of the model: {', '.join(named)}, and {len(rows) - len(named)} more; see --json or {PAGE}"
