"""A page for each call: what it wants, what it does to flash, its errors, and what a power cut in it can lead to.

Prose and errors are written here and held by tests; operations and cuts are played on the board, the outcome tables
are those of proofs/explicit/cut_outcomes.py, kept in verdicts.json.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from otaproof.campaign.history.history import IMAGE_SIZE, History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.step import RUNNING, Step, StepName
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.cut_outcomes import NO_SUCH_CALL

from .page import Page, code, folded, picture
from .played_cuts import ON, cut_rows, end_of
from .worlds import World, releases_label, worlds

RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
ACCEPT, ROLLBACK, COMMENCE = Step(StepName.ACCEPT), Step(StepName.ROLLBACK), Step(StepName.COMMENCE)


@dataclass(frozen=True, slots=True)
class Scene:
    """One way in which a call is played."""

    title: str
    history: History
    step: Step


@dataclass(frozen=True, slots=True)
class CallPage:
    """What is said of one call."""

    name: str
    """As the outcome tables name it, and the picture; the page is call-NAME."""
    title: str
    summary: str
    wants: tuple[str, ...]
    """Preconditions, a sentence each."""
    errors: tuple[tuple[str, str], ...]
    """(what is raised, when)."""
    changes: tuple[str, ...]
    """What is so after it returned."""
    also: tuple[str, ...]
    """What is worth knowing, with links to cases and rows."""
    scenes: tuple[Scene, ...] = ()
    outcomes: tuple[str, ...] = ()
    """Names of its rows in the outcome tables."""


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

CALLS: tuple[CallPage, ...] = (
    CallPage(
        "power_on",
        "power_on: a reset, and the bootloader",
        "The chip is reset, or the power comes back. The bootloader reads otadata, aborts what was under test, selects "
        "a record, brings a NEW one under test, then verifies images until one passes, and starts it.",
        (
            "The partition table is one that the bootloader accepts.",
            "There is an otadata partition of at least two sectors; without one only the factory image boots.",
        ),
        (
            (
                "nothing boots: resets for ever",
                "no app partition holds an image that passes, or otadata has one sector",
            ),
            ("the bootloader traps", "anti-rollback, a bootable record, no OTA slot in the table: [K14](cases.md#k14)"),
        ),
        (
            "With rollback no record is PENDING_VERIFY but that of the image that runs: rows [L50](life-cycle.md#l50) "
            "and [L51](life-cycle.md#l51).",
            "A blank device without a factory partition has a first record, VALID, for the image that runs: row "
            "[L52](life-cycle.md#l52).",
        ),
        (
            "The state words play no part in the fallback: an aborted image may start when nothing else does "
            "([K6](cases.md#k6)).",
            "The bootloader ignores errors of its own writes ([R32](cases.md#r32)).",
            "With anti-rollback it burns the version that a VALID slot's description names *before* it verifies the "
            "image ([R7](cases.md#r7)).",
            "A wake-up from deep sleep by the fast path goes another way ([K20](cases.md#k20)).",
        ),
        (
            Scene("A blank device", _BLANK, ON),
            Scene("A new image, with rollback", _start(_config(), *upgrade(1)), RESTART),
            Scene("An image under test that was not accepted", _start(_config(), *upgrade(1), RESTART), RESTART),
        ),
        ("power_on",),
    ),
    CallPage(
        "commence",
        "commence()",
        "Wipes the OTA slot after the running one and opens a session for a new image.",
        (
            "The table has an OTA slot other than the running one.",
            "With rollback: the running image is not under test, by what `info()` says of it.",
            "Release 6.1 and later: no session is open.",
        ),
        (
            ("no OTA partition available", "the table has no OTA slot"),
            ("can't overrite running firmware", "the only OTA slot is the running one"),
            ("can't upgrade from unconfirmed firmware", "with rollback, the running image is under test"),
            ("ota error", "release 6.1 and later: a session is open; any release: a flash error"),
        ),
        (
            "The slot, and with it any image, is erased. Its record stays: row [L05](life-cycle.md#l05).",
            "Rollback on, release 5.5 and later: the record that does not decide is erased, unless it names the "
            "running slot: rows [L01](life-cycle.md#l01) to [L04](life-cycle.md#l04).",
        ),
        (
            "Until 5.4, and without rollback to this day, the wiped slot's old record can still say VALID: "
            "`rollback()` then starts what lies there ([R15](cases.md#r15)).",
            "From 5.5 on the record that is erased may be that of the image to go back to ([R14](cases.md#r14)).",
        ),
        (
            Scene("After an accepted upgrade, release 5.1", _start(_config(Release.V5_1), *_accepted(1)), COMMENCE),
            Scene("After an accepted upgrade, release 6.1", _start(_config(), *_accepted(1)), COMMENCE),
        ),
        ("commence",),
    ),
    CallPage(
        "write",
        "write(data)",
        "Programs the data at the next place of the slot that commence() wiped.",
        ("A session is open.", "The first byte of the image is 0xE9.", "The slot has room for the data."),
        (
            ("write not possible, use otaupgrade.commence() first", "no session is open, or the argument is refused"),
            ("not a valid ota image", "the first byte is not 0xE9"),
            ("ota error", "a flash error, or no room left"),
        ),
        ("The slot holds that much more of the image; otadata is as it was: row [L06](life-cycle.md#l06).",),
        (
            '`write("")` without commence() returns normally, but not on 4.4 ([R5](cases.md#r5)).',
            "A write that is refused for lack of room does not spoil a whole image before it ([R6](cases.md#r6)).",
        ),
        (Scene("The last part of an image", _start(_config(), *_WRITTEN[:-1]), _WRITTEN[-1]),),
        ("write",),
    ),
    CallPage(
        "complete",
        "complete(reboot)",
        "Verifies the image, closes the session, and makes the slot the next to boot; restarts if the argument is a "
        "number other than 0.",
        ("commence() has been called.", "The slot holds a whole image that verifies."),
        (
            ("no upgrade in progress", "commence() was not called, or the last complete() took its target"),
            ("empty firmware image", "nothing was written"),
            ("validation failed", "the image does not verify"),
            ("ota error", "it is called once more after it failed, or a flash error"),
            ("bad argument #1 …", "the argument is no number: raised *after* the switch ([R2](cases.md#r2))"),
        ),
        (
            "A record names the slot with the next number: NEW with rollback, row [L10](life-cycle.md#l10), else "
            "UNDEFINED, row [L11](life-cycle.md#l11). It is the deciding one.",
            "The session is closed, also when the call fails.",
        ),
        (
            "The result of `esp_ota_set_boot_partition` is not looked at: an image that is too old, or a flash error "
            "in the switch, look like success ([R1](cases.md#r1), [R25](cases.md#r25)).",
            "The record goes into the sector that does not decide; from 6.0 on into the deciding one if that names "
            "the slot already ([K5](cases.md#k5), [R12](cases.md#r12)).",
        ),
        (
            Scene("The first upgrade, with rollback", _start(_config(), *_WRITTEN), _COMPLETE),
            Scene("The first upgrade, without rollback", _OFF.then(*_WRITTEN), _COMPLETE),
        ),
        ("complete",),
    ),
    CallPage(
        "accept",
        "accept()",
        "Makes the deciding record VALID, whatever image runs; with anti-rollback it then burns the secure version of "
        "the running image.",
        ("A record decides: a device that runs its factory image with blank otadata has none.",),
        (("firmware accept failed", "no record decides, a flash error, or a secure version beyond the eFuse field"),),
        (
            "The deciding record is VALID: rows [L30](life-cycle.md#l30), [L31](life-cycle.md#l31). If it was VALID "
            "before, nothing is written.",
        ),
        (
            "The record is erased before it is programmed. A cut between the two goes back to the image before; with "
            "one record alone, to ota_0 ([K2](cases.md#k2), [R18](cases.md#r18)).",
            "The record that decides need not name the image that runs: after a fallback accept() blesses the broken "
            "slot ([K7](cases.md#k7)).",
            "It can fail and be done all the same ([R16](cases.md#r16)).",
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
    CallPage(
        "rollback",
        "rollback()",
        "Makes the deciding record INVALID, if there is an image to go back to, and restarts.",
        (
            "A record decides.",
            "The other record is bootable and its slot holds a whole image of an allowed version; or it is not "
            "bootable, the factory partition holds a whole image, and anti-rollback is off.",
        ),
        (
            ("no other firmware to roll back to", "there is no image to go back to"),
            ("ota error", "no record decides, or a flash error"),
        ),
        ("The record is INVALID: row [L40](life-cycle.md#l40). The chip restarts, and another image starts.",),
        (
            "Only one image is looked at: that of the other record, or factory.",
            "An image that was written and never completed can be the one it goes to ([R15](cases.md#r15)).",
            "After a fallback it refuses the slot that does not run, and the same image starts again "
            "([R11](cases.md#r11)).",
        ),
        (
            Scene("Under test", _start(_config(), *upgrade(1), RESTART), ROLLBACK),
            Scene("After accept()", _start(_config(), *_accepted(1)), ROLLBACK),
        ),
        ("rollback",),
    ),
    CallPage(
        "info",
        "info()",
        "Names the running partition, the one that boots next, and what otadata says of each slot.",
        ("None.",),
        (("none", ""),),
        ("Nothing: row [L07](life-cycle.md#l07). It reads flash and writes none.",),
        (
            "The second result is what the deciding record names; no image is looked at. When that image does not "
            "verify, another one boots ([R11](cases.md#r11)).",
            "The state of a slot is that of the *first* record that names it, not of the one that decides "
            "([R13](cases.md#r13)).",
            "A slot that no record names has an empty table, also when it holds an image.",
        ),
    ),
    CallPage(
        "set_boot",
        "esp_ota_set_boot_partition()",
        "Makes a partition the next to boot. `complete()` calls it for the new slot; an application in C may call it "
        "for any, and here it is shown for the running slot and for factory.",
        ("The partition holds a whole image.", "The table has an otadata partition."),
        (
            ("ESP_ERR_INVALID_ARG", "no app partition, or a slot beyond those without a gap"),
            ("ESP_ERR_OTA_VALIDATE_FAILED", "the image does not verify"),
            ("ESP_ERR_OTA_SMALL_SEC_VER", "its secure version is below the eFuse's: *the partition has been erased*"),
            ("ESP_ERR_NOT_FOUND", "no otadata partition"),
            ("ESP_ERR_FLASH_OP_FAIL", "a flash error"),
        ),
        ("For a slot: a record names it, and decides. For factory: both records are erased.",),
        (
            "For the slot that decides already, up to 5.5 the other sector takes the same number ([K5](cases.md#k5)); "
            "from 6.0 on the deciding record itself is rewritten, and a cut there falls back to the other slot "
            "([R28](cases.md#r28)).",
            "The switch to factory erases sector 0 first: if that decides, a cut between the two boots the older "
            "image ([K1](cases.md#k1)).",
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
    ),
)


def call_pages(kept: Mapping[str, Any]) -> list[Page]:
    """Return a page for each call; kept: the verdicts and outcomes."""
    return [_call_page(call, kept) for call in CALLS]


def _call_page(call: CallPage, kept: Mapping[str, Any]) -> Page:
    page = Page(f"call-{call.name}", call.title)
    page.add(call.summary)
    page.heading("Precondition")
    page.add("\n".join(f"- {text}" for text in call.wants))
    page.heading("Afterwards")
    page.add("\n".join(f"- {text}" for text in call.changes))
    if call.name != "info":
        page.heading("Errors")
        page.table(("raised", "when"), ((_raised(text), when) for text, when in call.errors))
    page.heading("Worth knowing")
    page.add("\n".join(f"- {text}" for text in call.also))
    if call.scenes:
        _steps(page, call)
    if call.outcomes:
        _outcomes(page, call, kept)
    return page


def _raised(text: str) -> str:
    return text if text.startswith(("nothing boots", "the bootloader")) else code(text)


def _steps(page: Page, call: CallPage) -> None:
    page.heading("Flash operations, and a power cut at each")
    for name in call.outcomes:
        page.add(picture(f"call-{name}", f"The flash operations of {name}"))
    page.add(
        "Played on the simulated board, each operation cut before it begins, half done (an erase: the first half of "
        "the sector; a program: the first 16 bytes), and when it is done; then the power comes back. In brackets what "
        "`info()` says of the slots after that. The slots lie at 0x10000 and 0x20000 (with factory: at 0x20000 and "
        f"0x30000), images have {IMAGE_SIZE} bytes."
    )
    for scene in call.scenes:
        page.heading(scene.title, 3)
        page.add(f"Not cut: {end_of(scene.history, scene.step)}.")
        page.table(
            ("operation", "", "cut before it", "cut half-way", "cut after it"),
            (
                (row.number, row.operation, row.before, row.half, row.after)
                for row in cut_rows(scene.history, scene.step)
            ),
        )


def _outcomes(page: Page, call: CallPage, kept: Mapping[str, Any]) -> None:
    page.heading("Outcomes of a power cut")
    page.add(
        "What starts at the next power-on after a cut inside the call: *old* what would have started before the call, "
        "*new* what starts after all of it, *same* where the two are one, **THIRD** another image, **BRICK** nothing. "
        "Each cell is exact over every state that histories of any length, with any number of cuts, lead to: nothing "
        "could be added to it or left out, but for [what the model has not](claims.md#left-out). "
        f"“{NO_SUCH_CALL}” means that the call never is possible there."
    )
    for name in call.outcomes:
        if len(call.outcomes) > 1:
            page.heading(code(name), 3)
        rows: dict[tuple[str, ...], list[World]] = {}
        for world in worlds():
            cells = kept[world.id].get("outcomes", {}).get(name)
            if cells is not None:
                key = (world.build.id, world.usage.value, *(_bold(cells[f.name]["says"]) for f in FaultModel))
                rows.setdefault(key, []).append(world)
        page.table(
            ("build", "usage", "releases", *(f.name for f in FaultModel)),
            (
                (group[0].build.title, key[1], ", ".join(releases_label(w.release) for w in group), *key[2:])
                for key, group in rows.items()
            ),
        )
        _examples(page, name, kept)


def _bold(text: str) -> str:
    return text.replace("THIRD", "**THIRD**").replace("BRICK", "**BRICK**")


def _examples(page: Page, name: str, kept: Mapping[str, Any]) -> None:
    """Show the shortest way to each unsafe outcome, under the weakest fault model, of the first world that has it."""
    shown: set[tuple[str, str, str]] = set()
    lines: list[str] = []
    ways: list[str] = []
    for world in worlds():
        for faults in FaultModel:
            cell = kept[world.id].get("outcomes", {}).get(name, {}).get(faults.name, {})
            for outcome, way in cell.get("unsafe", {}).items():
                key = (outcome, world.build.id, world.usage.value)
                if key not in shown:
                    shown.add(key)
                    cuts = "1 cut" if way["cuts"] == 1 else f"{way['cuts']} cuts"
                    lines.append(
                        f"{len(lines) + 1}. **{outcome}**, {world.build.title}, {world.usage.value} usage, release "
                        f"{world.release.label}, {faults.name}, {cuts}: old {way['old']}, new {way['new']}, boots "
                        f"{way['found']}."
                    )
                    ways.append(f"{len(lines)}. {way['trace']}")
    if lines:
        page.add("The shortest ways to what is unsafe, one for each build and usage:", "\n".join(lines))
        page.add(folded("the same as actions of the device model", "\n\n".join(ways)))
