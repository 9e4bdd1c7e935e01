"""The text of the page of each call: preconditions, effects, errors and remarks, and the scenes that are played.

tests/house/test_spec.py compares the errors with those of impl/app/otaupgrade.py.
"""

from dataclasses import dataclass

from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.step import RUNNING, Step, StepName
from otaproof.model.call_names import CALL_FUNCTIONS
from otaproof.model.config import Config, Release, ResetReason

from .played_cuts import ON

RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
ACCEPT, ROLLBACK, COMMENCE = Step(StepName.ACCEPT), Step(StepName.ROLLBACK), Step(StepName.COMMENCE)


@dataclass(frozen=True, slots=True)
class Scene:
    """A history after which the call is played."""

    title: str
    history: History
    step: Step


@dataclass(frozen=True, slots=True)
class CallText:
    """The text of one page."""

    name: str
    """The name in the outcome tables and of the picture; the page is call-NAME."""
    summary: str
    preconditions: tuple[str, ...]
    errors: tuple[tuple[str, str], ...]
    """(what is raised, when)."""
    effects: tuple[str, ...]
    """What holds after the call has returned."""
    remarks: tuple[str, ...]
    """Surprising behaviour, with links to cases and rows."""
    scenes: tuple[Scene, ...] = ()
    outcomes: tuple[str, ...] = ()
    """Names of the rows of the outcome tables."""
    is_function: bool = False
    """A function of ESP-IDF, which `otaupgrade` has no call for."""

    @property
    def title(self) -> str:
        """The title of the page; it names the functions of ESP-IDF, so that the search finds them."""
        if self.name == "power_on":
            return "power_on: reset and bootloader"
        if self.is_function:
            return "esp_ota_set_boot_partition()"
        return f"{self.name}(): {', '.join(CALL_FUNCTIONS[self.name])}"


def _config(release: Release = Release.V6_1, rollback: bool = True, anti: bool = False) -> Config:
    return Config(rollback=rollback, anti_rollback=anti, app_release=release, bootloader_release=release)


def _start(config: Config, *steps: Step, has_factory: bool = False, version: int = 0) -> History:
    place = "factory" if has_factory else "ota_0"
    images = tuple(SmallImage(n + 1, secure_version=version if n else 0) for n in range(4))
    return History(SmallDevice(config, (0, 1), has_factory, ((place, 0),)), images).then(ON, *steps)


def _accepted(image: int) -> tuple[Step, ...]:
    return (*upgrade(image), RESTART, ACCEPT)


_COMPLETE = upgrade(1)[-1]
_WRITTEN = upgrade(1)[:-1]

_BLANK = History(SmallDevice(_config()), (SmallImage(1),))
_OFF = _start(_config(rollback=False))
_SET_RUNNING = Step(StepName.SET_BOOT, label=RUNNING)
_SET_FACTORY = Step(StepName.SET_BOOT, label="factory")

CALLS: tuple[CallText, ...] = (
    CallText(
        "power_on",
        "The chip is reset, or the power comes back. The bootloader reads otadata, marks a record that was under test "
        "as ABORTED, selects a record, and marks it as PENDING_VERIFY if it is NEW. Then it verifies images until one "
        "passes, and starts it.",
        (
            "The bootloader accepts the partition table.",
            "There is an otadata partition of at least two sectors. Without one only the factory image boots.",
        ),
        (
            (
                "nothing boots: the chip resets again and again",
                "no app partition holds an image that verifies, or otadata has only one sector",
            ),
            (
                "the bootloader traps",
                "anti-rollback, a bootable record, and no OTA slot in the table: [K14](cases.md#k14)",
            ),
        ),
        (
            "With rollback, no record is PENDING_VERIFY except that of the running image: rows "
            "[L50](life-cycle.md#l50) and [L51](life-cycle.md#l51).",
            "A blank device without a factory partition has a first record, VALID, for the running image: row "
            "[L52](life-cycle.md#l52).",
        ),
        (
            "The fallback ignores the state words: an aborted image starts if no other image verifies "
            "([K6](cases.md#k6)).",
            "The bootloader ignores errors of its own flash writes ([R32](cases.md#r32)).",
            "With anti-rollback the bootloader burns the secure version that the description of a VALID slot names "
            "*before* it verifies the image ([R7](cases.md#r7)).",
            "The fast path after a wake-up from deep sleep bypasses the selection ([K20](cases.md#k20)).",
        ),
        (
            Scene("A blank device", _BLANK, ON),
            Scene("A new image, with rollback", _start(_config(), *upgrade(1)), RESTART),
            Scene("An image under test that was not accepted", _start(_config(), *upgrade(1), RESTART), RESTART),
        ),
        ("power_on",),
    ),
    CallText(
        "commence",
        "Erases the OTA slot after the running one and opens a session for a new image.",
        (
            "The table has an OTA slot other than the running one.",
            "With rollback: `info()` does not report the running image as testing.",
            "Release 6.1 and later: no session is open.",
        ),
        (
            ("no OTA partition available", "the table has no OTA slot"),
            ("can't overrite running firmware", "the only OTA slot is the running one"),
            ("can't upgrade from unconfirmed firmware", "with rollback, the running image is under test"),
            ("ota error", "release 6.1 and later: a session is open; any release: a flash error"),
        ),
        (
            "The slot is erased, and any image in it is lost. The record of the slot stays: row "
            "[L05](life-cycle.md#l05).",
            "Rollback on, release 5.5 and later: the inactive record is erased, unless it names the running slot: "
            "rows [L01](life-cycle.md#l01) to [L04](life-cycle.md#l04).",
        ),
        (
            "Up to release 5.4, and without rollback in all releases, the old record of the erased slot can still be "
            "VALID. `rollback()` then starts whatever the slot holds ([R15](cases.md#r15)).",
            "From 5.5 on the erased record can be that of the image to go back to ([R14](cases.md#r14)).",
        ),
        (
            Scene("After an accepted upgrade, release 5.1", _start(_config(Release.V5_1), *_accepted(1)), COMMENCE),
            Scene("After an accepted upgrade, release 6.1", _start(_config(), *_accepted(1)), COMMENCE),
        ),
        ("commence",),
    ),
    CallText(
        "write",
        "Programs the data at the next position of the slot that commence() erased.",
        ("A session is open.", "The first byte of the image is 0xE9.", "The slot has room for the data."),
        (
            ("write not possible, use otaupgrade.commence() first", "no session is open, or the argument is refused"),
            ("not a valid ota image", "the first byte is not 0xE9"),
            ("ota error", "a flash error, or no room left"),
        ),
        ("The slot holds that much more of the image. otadata is unchanged: row [L06](life-cycle.md#l06).",),
        (
            '`write("")` without commence() returns normally, except on 4.4 ([R5](cases.md#r5)).',
            "A write that is refused for lack of room does not damage a complete image before it ([R6](cases.md#r6)).",
        ),
        (Scene("The last part of an image", _start(_config(), *_WRITTEN[:-1]), _WRITTEN[-1]),),
        ("write",),
    ),
    CallText(
        "complete",
        "Verifies the image, closes the session, and makes the slot the boot partition. It restarts the chip if the "
        "argument is a number other than 0.",
        ("commence() has been called.", "The slot holds a complete image that verifies."),
        (
            ("no upgrade in progress", "commence() was not called, or an earlier complete() has ended the upgrade"),
            ("empty firmware image", "nothing was written"),
            ("validation failed", "the image does not verify"),
            ("ota error", "it is called again after it failed, or a flash error"),
            ("bad argument #1 …", "the argument is not a number: raised *after* the switch ([R2](cases.md#r2))"),
        ),
        (
            "A record names the slot with the next sequence number and is the active one: NEW with rollback, row "
            "[L10](life-cycle.md#l10), else UNDEFINED, row [L11](life-cycle.md#l11).",
            "The session is closed, also if the call fails.",
        ),
        (
            "The result of `esp_ota_set_boot_partition` is ignored. If the image's secure version is too low, or the "
            "switch has a flash error, the call still succeeds ([R1](cases.md#r1), [R25](cases.md#r25)).",
            "The record goes into the sector of the inactive record; from 6.0 on into that of the active record if "
            "that names the slot already ([K5](cases.md#k5), [R12](cases.md#r12)).",
        ),
        (
            Scene("The first upgrade, with rollback", _start(_config(), *_WRITTEN), _COMPLETE),
            Scene("The first upgrade, without rollback", _OFF.then(*_WRITTEN), _COMPLETE),
        ),
        ("complete",),
    ),
    CallText(
        "accept",
        "Marks the active record as VALID, whichever image runs. With anti-rollback it then burns the secure version "
        "of the running image.",
        ("There is an active record. A device that runs its factory image with blank otadata has none.",),
        (("firmware accept failed", "no active record, a flash error, or a secure version beyond the eFuse field"),),
        (
            "The active record is VALID: rows [L30](life-cycle.md#l30), [L31](life-cycle.md#l31). If it was VALID "
            "before, nothing is written.",
        ),
        (
            "The record is erased before it is programmed. A cut between the two goes back to the previous image; if "
            "there is only one record, to ota_0 ([K2](cases.md#k2), [R18](cases.md#r18)).",
            "The active record need not name the running image. After a fallback accept() marks the damaged slot as "
            "VALID ([K7](cases.md#k7)).",
            "The call can raise an error although the record is VALID ([R16](cases.md#r16)).",
        ),
        (
            Scene("With rollback", _start(_config(), *upgrade(1), RESTART), ACCEPT),
            Scene("Without rollback", _OFF.then(*upgrade(1), RESTART), ACCEPT),
            Scene(
                "With anti-rollback, an image of version 2",
                _start(_config(anti=True), *upgrade(1), RESTART, version=2),
                ACCEPT,
            ),
        ),
        ("accept",),
    ),
    CallText(
        "rollback",
        "Marks the active record as INVALID, if there is an image to go back to, and restarts the chip.",
        (
            "There is an active record.",
            "The other record is bootable and its slot holds a complete image of an allowed version; or the other "
            "record is not bootable, the factory partition holds a complete image, and anti-rollback is off.",
        ),
        (
            ("no other firmware to roll back to", "there is no image to go back to"),
            ("ota error", "no active record, or a flash error"),
        ),
        ("The record is INVALID: row [L40](life-cycle.md#l40). The chip restarts, and another image starts.",),
        (
            "The call considers one image only: that of the other record, or factory.",
            "It can go back to an image that was written and never completed ([R15](cases.md#r15)).",
            "After a fallback it marks a slot that does not run, and the same image starts again "
            "([R11](cases.md#r11)).",
        ),
        (
            Scene("Under test", _start(_config(), *upgrade(1), RESTART), ROLLBACK),
            Scene("After accept()", _start(_config(), *_accepted(1)), ROLLBACK),
        ),
        ("rollback",),
    ),
    CallText(
        "info",
        "Returns the running partition, the partition that boots next, and the state of each slot in otadata.",
        ("None.",),
        (("none", ""),),
        ("Nothing changes: row [L07](life-cycle.md#l07). The call reads flash and writes nothing.",),
        (
            "The second result is the slot of the active record. The call does not look at the image: if it does not "
            "verify, another image boots ([R11](cases.md#r11)).",
            "The state of a slot comes from the *first* record that names it, not from the active one "
            "([R13](cases.md#r13)).",
            "A slot that no record names has an empty table, even if it holds an image.",
        ),
    ),
    CallText(
        "set_boot",
        "Makes a partition the boot partition. `complete()` calls it for the new slot. A C application may call it for "
        "any partition; this page shows it for the running slot and for factory.",
        ("The partition holds a complete image.", "The table has an otadata partition."),
        (
            ("ESP_ERR_INVALID_ARG", "not an app partition, or a slot after a gap in the numbers"),
            ("ESP_ERR_OTA_VALIDATE_FAILED", "the image does not verify"),
            ("ESP_ERR_OTA_SMALL_SEC_VER", "its secure version is below the eFuse's: *the partition has been erased*"),
            ("ESP_ERR_NOT_FOUND", "no otadata partition"),
            ("ESP_ERR_FLASH_OP_FAIL", "a flash error"),
        ),
        ("For a slot: a record names it and is the active one. For factory: both records are erased.",),
        (
            "For the slot of the active record: up to 5.5 the other sector gets the same number ([K5](cases.md#k5)); "
            "from 6.0 on the active record itself is rewritten, and a cut there falls back to the other slot "
            "([R28](cases.md#r28)).",
            "The switch to factory erases sector 0 first. If the active record is there, a cut between the two erases "
            "boots the older image ([K1](cases.md#k1)).",
        ),
        (
            Scene("The running slot, release 5.1", _start(_config(Release.V5_1), *_accepted(1)), _SET_RUNNING),
            Scene("The running slot, release 6.1", _start(_config(), *_accepted(1)), _SET_RUNNING),
            Scene(
                "Factory, the newest record in sector 0",
                _start(_config(), *_accepted(1), *_accepted(2), *_accepted(3), has_factory=True),
                _SET_FACTORY,
            ),
        ),
        ("set_boot_running", "set_boot_factory"),
        is_function=True,
    ),
)
