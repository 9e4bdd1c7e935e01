"""The page of writers: libraries that bring updates, what breaks with each, and writers from outside."""

from collections.abc import Iterator

from otaproof.analysis.upgrade_check import CheckReport, check_upgrade
from otaproof.campaign.made_device import made_device
from otaproof.model.claims.claims import Verdict
from otaproof.model.config import Config, Release
from otaproof.model.fault_model import FaultModel
from otaproof.model.writers import OUTSIDE_WRITERS, UPDATERS, Updater

from .spec_page import SpecPage, code, repo_file

_SLOT_SIZE, _IMAGE_SIZE = 0x10000, 9000
_RELEASES = (Release.V5_1, Release.V5_5)
_CALLS = ("commence", "write", "complete", "accept", "rollback")


def writers_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("writers", "Who writes")
    page.add(
        "The slots and otadata of a device are written by the library that brings its updates, by tools, and by "
        f"programs with code of their own. {repo_file('model/writers.py')} has all of them. `otaproof check`, "
        "`explain`, `mend` and `doctor` take the library from the image (Arduino's project name and texts, the tag of "
        "esp_https_ota, the log of ESPHome, MicroPython's project name), and `--updater` names another."
    )
    page.heading("Libraries")
    page.add(
        "Each has the five calls of this specification, which stand for functions of its own. The simulated board "
        "plays each as its source has it: which sectors are erased when, which bytes are written last, what is "
        "verified. Those that do not call esp_ota_begin take an update even while the image that runs is on trial, and "
        "leave both records alone until the switch, in every release."
    )
    page.table(
        ("`--updater`", "library", *(f"{call}()" for call in _CALLS), "esp_ota_begin", "trial", "source"),
        (_library(page, updater) for updater in Updater),
    )
    page.heading("What breaks with each library")
    page.add(
        "Claims that a power cut in one update, a second one, or a rollback breaks, by `otaproof check` on two slots "
        "with rollback, fault model F0; and claims that say nothing of the library. Arduino's core accepts an image "
        "before setup(), so C4 does not apply: an image gets no trial, and a power cut in its first start can still "
        "lose the update (C17). `Update.rollBack()` selects the other slot anew, which can be lost in the same way "
        "(C22), and brings back even an image that was rejected. C2 counts an image as finished once Arduino's last "
        "16 bytes are written: what is selected then is verified by esp_ota_set_boot_partition. Without rollback "
        "initArduino accepts nothing: C5 and C20 say nothing then, and no power cut in accept() breaks C7. A sketch "
        "that calls esp_ota_mark_app_valid_cancel_rollback itself is `arduino-on-trial`."
    )
    page.table(
        ("`--updater`", *(f"broken, {release.label}" for release in _RELEASES), "does not apply"),
        (_broken(updater) for updater in Updater),
    )
    page.add(
        "The device model, and so the proofs for every history, has esp_ota_* as otaupgrade calls them. The search of "
        "`explain` has the others at the level of what lies in flash; the board plays what it tells. Left out: sizes "
        "that are not known before a download by ESPHome, and erasing as data comes by its later releases. A download "
        "in parts by esp_https_ota writes the "
        "same; one that is resumed (ota_resumption, from 5.5 on) goes on where the application has noted "
        "that it was, and a test cuts it everywhere: it ends with the whole image."
    )
    _add_arduino(page)
    _add_safe_mode(page)
    _add_outside(page)
    return page


def _add_arduino(page: SpecPage) -> None:
    page.heading("Arduino's Update and its core")
    page.add(
        "Where a sketch calls `Update.setMD5()`, `Update.end()` compares the digest before it writes the first 16 "
        "bytes. With another digest it fails: the slot holds all but the beginning of the image, so it never boots, "
        "and otadata is as it was. Flash encryption changes what the cells hold and not which sectors are written "
        "when; otadata itself is encrypted like any other partition. Not modelled: images that Update decrypts "
        "itself (`setupCrypt()`), whose digest is taken before or after that; a sketch whose `verifyOta()` returns "
        f"false, so that `initArduino()` rejects what is on trial and restarts {page.cite('ARDUINO-START')}; and "
        "`U_SPIFFS` as the target. An upload writes the bootloader with the flash size that its header has "
        "(`--flash-size keep`, core 3.x), or with that of the board's settings (`build.flash_size`, core 2.x)."
    )


def _add_safe_mode(page: SpecPage) -> None:
    page.heading("ESPHome's safe mode")
    page.add(
        "ESPHome counts starts that end within a minute (`boot_is_good_after`). With `enable_ota_rollback` safe mode "
        f"accepts the image at that minute {page.cite('ESPHOME-SAFE-MODE')}; a restart before it gives the update up, "
        f"as for any other application. Without it, the start accepts {page.cite('ESPHOME-START')}. After 10 starts in "
        "a row (`num_attempts`) an accepted image starts with the parts for an update alone, and accepts after one "
        "minute as well. Nothing of that is in the slots or in otadata, with one exception: where an update could only "
        "go to what runs, as with factory and one slot, safe mode selects the other image that verifies, which erases "
        "otadata for factory, and restarts. `explain` knows that history."
    )


def _add_outside(page: SpecPage) -> None:
    page.heading("Writers from outside")
    page.table(
        ("writer", "what it does", "in the device model", "source"),
        (
            (writer.name, writer.writes, code(writer.in_model) if writer.in_model else "", page.cite(writer.source))
            for writer in OUTSIDE_WRITERS
        ),
    )
    page.add(
        "`otaproof explain` tries histories with each of them, played on the board "
        f"({repo_file('campaign/explain/endings_of_life.py')}): those with a cable or a tool after those of the "
        "library alone and before those with power cuts; a cable that breaks off, and NuttX and esp-hal, whose "
        "applications are not ESP-IDF's, after power cuts in calls in order; these two only where neither an image nor "
        "`--updater` names a library."
    )


def _library(page: SpecPage, updater: Updater) -> tuple[str, ...]:
    traits = UPDATERS[updater]
    calls = (", ".join(map(code, traits.functions[call])) for call in _CALLS)
    begins = "yes" if traits.calls_begin else "no"
    return code(updater.value), traits.title, *calls, begins, traits.trial, page.cite(traits.source)


def _broken(updater: Updater) -> tuple[str, ...]:
    reports = [_checked(updater, release) for release in _RELEASES]
    silent = (result.claim.id for result in reports[0].claims if result.verdict is Verdict.NOT_APPLICABLE)
    return code(updater.value), *(_ids(_violated(report)) for report in reports), _ids(silent)


def _checked(updater: Updater, release: Release) -> CheckReport:
    config = Config(rollback=True, app_release=release, bootloader_release=release, updater=updater)
    world = made_device(_SLOT_SIZE, _IMAGE_SIZE, config)
    return check_upgrade(world, FaultModel.F0, seed=0, with_proofs=False)


def _violated(report: CheckReport) -> Iterator[str]:
    return (result.claim.id for result in report.claims if result.verdict is Verdict.VIOLATED)


def _ids(claims: Iterator[str]) -> str:
    return ", ".join(f"[{id_}](claims.md#{id_.lower()})" for id_ in claims)
