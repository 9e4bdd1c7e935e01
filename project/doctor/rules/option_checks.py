"""What `otaproof doctor` looks for in the options: one function a rule, each yielding what it finds.

Which rule a function belongs to, and why it matters, stands in diagnosis.py.
"""

from collections.abc import Iterator

from ....model.config import Release
from ...sdkconfig import Option, Sdkconfig
from ..rule import Finding, at
from ..subject import Subject

ROLLBACK, ANTI_ROLLBACK = "BOOTLOADER_APP_ROLLBACK_ENABLE", "BOOTLOADER_APP_ANTI_ROLLBACK"
_SKIPS = tuple(f"BOOTLOADER_SKIP_VALIDATE_{which}" for which in ("ALWAYS", "ON_POWER_ON", "IN_DEEP_SLEEP"))
_OTA_PREFIXES = ("BOOTLOADER_", "PARTITION_TABLE_", "ESPTOOLPY_FLASHSIZE", "SECURE_", "EFUSE_", "APP_COMPATIBLE_")
_DEPENDS_ON = {
    "BOOTLOADER_OTA_DATA_ERASE": "BOOTLOADER_FACTORY_RESET",
    "BOOTLOADER_DATA_FACTORY_RESET": "BOOTLOADER_FACTORY_RESET",
    "BOOTLOADER_NUM_PIN_FACTORY_RESET": "BOOTLOADER_FACTORY_RESET",
    "BOOTLOADER_NUM_PIN_APP_TEST": "BOOTLOADER_APP_TEST",
    "BOOTLOADER_APP_SECURE_VERSION": ANTI_ROLLBACK,
    "BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD": ANTI_ROLLBACK,
    "BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE": ANTI_ROLLBACK,
    "BOOTLOADER_WDT_TIME_MS": "BOOTLOADER_WDT_ENABLE",
}
_SWITCHED_ON_BY_DEFAULT = {"BOOTLOADER_WDT_ENABLE"}
_MUST_AGREE = {
    "APP_COMPATIBLE_PRE_V3_1_BOOTLOADERS": "n",
    "BOOTLOADER_CUSTOM_RESERVE_RTC": "n",
    "BOOTLOADER_CUSTOM_RESERVE_RTC_SIZE": None,
    "BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD": None,
    "BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE": "n",
    "IDF_TARGET": None,
    "PARTITION_TABLE_OFFSET": "32768",
    "SECURE_BOOT": "n",
    "SECURE_FLASH_ENC_ENABLED": "n",
}
"""What an option is where nothing sets it; None where that depends."""
_HALTING_PANICS = ("ESP_SYSTEM_PANIC_PRINT_HALT", "ESP_SYSTEM_PANIC_GDBSTUB", "ESP32_PANIC_PRINT_HALT")
_BROWNOUT = ("ESP_BROWNOUT_DET", "ESP32_BROWNOUT_DET", "ESP32S2_BROWNOUT_DET", "ESP32S3_BROWNOUT_DET")


def old_names(subject: Subject) -> Iterator[Finding]:
    """Options by a name that ESP-IDF no longer uses."""
    for file in subject.files:
        for option in (*file.sdkconfig.overridden, *file.sdkconfig.options.values()):
            if option.written:
                yield at(option.place, f"CONFIG_{option.written} is now CONFIG_{option.name}")


def contradicting_lines(subject: Subject) -> Iterator[Finding]:
    """Two lines of one file that give an option of OTA different values."""
    for file in subject.files:
        for lost, winner in _lost_to(file.sdkconfig):
            if not lost.is_default:
                yield at(
                    winner.place,
                    f"CONFIG_{lost.name} is {winner.raw} here and {lost.raw} in {lost.place}; this line wins",
                )


def shadowed_defaults(subject: Subject) -> Iterator[Finding]:
    """Lines of sdkconfig.defaults that an sdkconfig overrules."""
    defaults = Sdkconfig().overlaid(*(file.sdkconfig for file in subject.files if file.is_defaults))
    chosen = Sdkconfig().overlaid(*(file.sdkconfig for file in subject.files if not file.is_defaults))
    for lost, winner in _lost_to(Sdkconfig(defaults.options).overlaid(Sdkconfig(chosen.options))):
        yield at(lost.place, f"CONFIG_{lost.name}={lost.raw} does not count: {winner.place} has {winner.raw}")


def ignored_without_parent(subject: Subject) -> Iterator[Finding]:
    """Options that only mean something with another one that is off."""
    for name, parent in _DEPENDS_ON.items():
        option = subject.options.get(name)
        is_parent_on = subject.is_on(parent, default=parent in _SWITCHED_ON_BY_DEFAULT)
        if option is not None and option.raw != "n" and not is_parent_on:
            yield at(option.place, f"CONFIG_{name}={option.raw} is ignored: CONFIG_{parent} is off")


def ignored_custom_table(subject: Subject) -> Iterator[Finding]:
    """A table of the project's own that is named but not chosen."""
    name = "PARTITION_TABLE_CUSTOM_FILENAME"
    option = subject.options.get(name)
    builtin = subject.settings.table.builtin
    if option is not None and builtin != "CUSTOM" and option.raw.strip('"') != "partitions.csv":
        yield at(option.place, f"CONFIG_{name}={option.raw} is ignored: the table is ESP-IDF's {builtin}")


def anti_rollback_without_rollback(subject: Subject) -> Iterator[Finding]:
    """Anti-rollback, which Kconfig drops without rollback."""
    if subject.is_on(ANTI_ROLLBACK) and not subject.is_on(ROLLBACK):
        yield at(subject.place(ANTI_ROLLBACK), f"CONFIG_{ANTI_ROLLBACK}=y, but CONFIG_{ROLLBACK} is off")


def skip_validate_with_signatures(subject: Subject) -> Iterator[Finding]:
    """Skipped validation, which signatures that are checked at boot do not allow."""
    has_secure_boot = any(
        subject.is_on(name) for name in ("SECURE_BOOT", "SECURE_BOOT_V1_ENABLED", "SECURE_BOOT_V2_ENABLED")
    )
    is_checked = has_secure_boot or subject.is_on("SECURE_SIGNED_ON_BOOT_NO_SECURE_BOOT")
    for name in _SKIPS:
        is_allowed = name.endswith("DEEP_SLEEP") and (not has_secure_boot or subject.is_on("SECURE_BOOT_INSECURE"))
        if is_checked and subject.is_on(name) and not is_allowed:
            yield at(subject.place(name), f"CONFIG_{name}=y is ignored: signatures are checked at boot")


def app_test_with_anti_rollback(subject: Subject) -> Iterator[Finding]:
    """The pin of the test app, which anti-rollback does not allow."""
    if subject.config.anti_rollback and subject.is_on("BOOTLOADER_APP_TEST"):
        yield at(subject.place("BOOTLOADER_APP_TEST"), "CONFIG_BOOTLOADER_APP_TEST=y is ignored with anti-rollback")


def rollback_in_application_only(subject: Subject) -> Iterator[Finding]:
    """Rollback that the bootloader was built without."""
    if subject.config.rollback and not _is_on_in_bootloader(subject, ROLLBACK):
        yield _differs(subject, ROLLBACK, "on", "off")


def rollback_in_bootloader_only(subject: Subject) -> Iterator[Finding]:
    """Rollback that the application is built without."""
    if not subject.config.rollback and _is_on_in_bootloader(subject, ROLLBACK):
        yield _differs(subject, ROLLBACK, "off", "on")


def anti_rollback_differs(subject: Subject) -> Iterator[Finding]:
    """Anti-rollback in one of the two builds."""
    if subject.config.anti_rollback != _is_on_in_bootloader(subject, ANTI_ROLLBACK):
        words = ("on", "off") if subject.config.anti_rollback else ("off", "on")
        yield _differs(subject, ANTI_ROLLBACK, *words)


def builds_differ(subject: Subject) -> Iterator[Finding]:
    """Any other option that both builds must share."""
    for name, default in _MUST_AGREE.items():
        mine = _normal(subject.options.get(name), default)
        theirs = _normal((subject.bootloader_options or {}).get(name), default)
        if mine is not None and theirs is not None and mine != theirs:
            yield _differs(subject, name, mine, theirs)


def no_rollback(subject: Subject) -> Iterator[Finding]:
    """Updates that nothing undoes."""
    if not subject.config.rollback and not subject.is_on(ANTI_ROLLBACK):
        yield at(subject.place(ROLLBACK), f"CONFIG_{ROLLBACK} is off")


def never_accepts(subject: Subject) -> Iterator[Finding]:
    """An application that was said never to accept itself."""
    if subject.config.rollback and subject.accepts is False and not _is_confirmed_by_startup(subject):
        yield at(subject.place(ROLLBACK), "rollback is on, and by --accepts no the application never accepts itself")


def may_never_accept(subject: Subject) -> Iterator[Finding]:
    """Sources without the call that accepts."""
    is_open = subject.accepts is None and subject.accept_call is None and subject.has_sources
    is_open = is_open and not (subject.app is not None and subject.app.is_confirmed_by_arduino)
    if subject.config.rollback and is_open and not _is_confirmed_by_startup(subject):
        yield at(
            subject.place(ROLLBACK),
            f"rollback is on, and no source of {subject.name} calls esp_ota_mark_app_valid_cancel_rollback()",
        )


def accepted_by_startup(subject: Subject) -> Iterator[Finding]:
    """Releases newer than 6.2-dev can accept an image before app_main."""
    name = "BOOTLOADER_APP_ROLLBACK_CONFIRM_ON_STARTUP"
    is_default = subject.is_on("BOOTLOADER_APP_ROLLBACK") and not subject.is_on(
        "BOOTLOADER_APP_ROLLBACK_CONFIRM_BY_APP"
    )
    if subject.is_on(name) or is_default:
        place = subject.place(name if name in subject.options else "BOOTLOADER_APP_ROLLBACK")
        yield at(place, "every image that reaches app_main counts as accepted")


def skip_validate(subject: Subject) -> Iterator[Finding]:
    """Validation skipped at power-on, or always."""
    for name in _SKIPS[:2]:
        if subject.is_on(name) and not any(skip_validate_with_signatures(subject)):
            yield at(subject.place(name), f"CONFIG_{name}=y: the bootloader starts a damaged image")
            return


def skip_validate_in_deep_sleep(subject: Subject) -> Iterator[Finding]:
    """A wake-up that starts the image under test once more."""
    if subject.config.rollback and subject.config.skip_validate_in_deep_sleep:
        name = next((name for name in _SKIPS[::-1] if subject.is_on(name)), _SKIPS[2])
        yield at(subject.place(name), "a wake-up from deep sleep does not look at otadata")


def emulated_efuses(subject: Subject) -> Iterator[Finding]:
    """Secure versions that lie in flash."""
    for name in ("BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE", "EFUSE_VIRTUAL"):
        if subject.is_on(name):
            yield at(subject.place(name), f"CONFIG_{name}=y is for tests")
            return


def secure_version_too_high(subject: Subject) -> Iterator[Finding]:
    """A secure version that the eFuse field cannot hold."""
    version, bits = subject.number("BOOTLOADER_APP_SECURE_VERSION"), subject.config.secure_version_bits
    if subject.config.anti_rollback and version is not None and version > bits:
        place = subject.place("BOOTLOADER_APP_SECURE_VERSION")
        yield at(place, f"secure version {version} does not fit the {bits} bits of the eFuse field")


def secure_version_is_last(subject: Subject) -> Iterator[Finding]:
    """A secure version after which there is none."""
    version, bits = subject.number("BOOTLOADER_APP_SECURE_VERSION"), subject.config.secure_version_bits
    if subject.config.anti_rollback and version == bits:
        place = subject.place("BOOTLOADER_APP_SECURE_VERSION")
        yield at(place, f"secure version {version} is the last that {bits} bits can count")


def burns_unverified_version(subject: Subject) -> Iterator[Finding]:
    """Every bootloader with anti-rollback."""
    if subject.config.anti_rollback:
        yield at(subject.place(ANTI_ROLLBACK), "the version burned is that of an image not yet verified")


def factory_reset_in_trial(subject: Subject) -> Iterator[Finding]:
    """A factory reset that leaves otadata alone."""
    name = "BOOTLOADER_FACTORY_RESET"
    if subject.config.rollback and subject.is_on(name) and not subject.config.factory_reset_erases_otadata:
        yield at(subject.place(name), "the factory reset keeps otadata (CONFIG_BOOTLOADER_OTA_DATA_ERASE is off)")


def watchdog_off(subject: Subject) -> Iterator[Finding]:
    """A start-up without a watchdog."""
    if subject.config.rollback and not subject.is_on("BOOTLOADER_WDT_ENABLE", default=True):
        yield at(subject.place("BOOTLOADER_WDT_ENABLE"), "CONFIG_BOOTLOADER_WDT_ENABLE is off")


def halting_panic(subject: Subject) -> Iterator[Finding]:
    """A panic that does not restart."""
    for name in _HALTING_PANICS:
        if subject.config.rollback and subject.is_on(name):
            yield at(subject.place(name), f"CONFIG_{name}=y: a panic does not restart the chip")


def brownout_detector_off(subject: Subject) -> Iterator[Finding]:
    """Flash operations at a voltage that is too low."""
    for name in _BROWNOUT:
        option = subject.options.get(name)
        if option is not None and option.raw == "n":
            yield at(option.place, f"CONFIG_{name} is off")


def dangerous_writes(subject: Subject) -> Iterator[Finding]:
    """Writes to bootloader, table and running application that are let through."""
    name = "SPI_FLASH_DANGEROUS_WRITE_ALLOWED"
    if subject.is_on(name):
        yield at(subject.place(name), f"CONFIG_{name}=y")


def table_without_md5(subject: Subject) -> Iterator[Finding]:
    """A table whose damage nobody notices."""
    if not subject.config.table_md5:
        old = "APP_COMPATIBLE_PRE_V3_1_BOOTLOADERS"
        place = subject.place(old if subject.is_on(old) else "PARTITION_TABLE_MD5")
        yield at(place, "the partition table is built without its MD5")


def pins_collide(subject: Subject) -> Iterator[Finding]:
    """One pin for factory reset and test app."""
    reset = subject.number("BOOTLOADER_NUM_PIN_FACTORY_RESET") or 4
    test = subject.number("BOOTLOADER_NUM_PIN_APP_TEST") or 18
    if subject.is_on("BOOTLOADER_FACTORY_RESET") and subject.is_on("BOOTLOADER_APP_TEST") and reset == test:
        yield at(subject.place("BOOTLOADER_NUM_PIN_APP_TEST"), f"GPIO {test} is the pin of the factory reset too")


def unfinished_image_can_boot(subject: Subject) -> Iterator[Finding]:
    """Releases whose begin leaves the old entry of the slot alone."""
    if subject.config.rollback and subject.config.app_release < Release.V5_5:
        yield _release(subject, "esp_ota_begin leaves the otadata entry of the slot that it erases")


def begin_forgets_fallback(subject: Subject) -> Iterator[Finding]:
    """Releases whose begin erases the other entry."""
    if subject.config.rollback and subject.config.app_release >= Release.V5_5:
        yield _release(subject, "esp_ota_begin erases the otadata entry that is not selected")


def same_slot_twice(subject: Subject) -> Iterator[Finding]:
    """Releases that write one number into both entries."""
    if subject.config.app_release < Release.V6_0:
        yield _release(subject, "esp_ota_set_boot_partition of the selected slot overwrites the other entry")


def second_begin(subject: Subject) -> Iterator[Finding]:
    """Releases that refuse a second session."""
    if subject.config.app_release >= Release.V6_1:
        yield _release(subject, "esp_ota_begin is refused while an earlier session is open")


def trial_lost_in_cut(subject: Subject) -> Iterator[Finding]:
    """The boot that puts an image under test."""
    if subject.config.rollback:
        yield at(subject.place(ROLLBACK), "a power cut while NEW becomes PENDING_VERIFY loses the update")


def bootloader_older(subject: Subject) -> Iterator[Finding]:
    """An application on a bootloader of an older release."""
    app, bootloader = subject.config.app_release, subject.config.bootloader_release
    if bootloader < app:
        yield _release(subject, f"the bootloader goes by the rules of {bootloader.label}, not {app.label}")


def nodemcu_ignores_errors(subject: Subject) -> Iterator[Finding]:
    """NodeMCU's complete()."""
    name = "NODEMCU_CMODULE_OTAUPGRADE"
    if subject.is_on(name):
        suffix = ", such as a secure version that is too old" if subject.config.anti_rollback else ""
        yield at(subject.place(name), f"complete() drops the error of esp_ota_set_boot_partition{suffix}")


def newer_than_rules(subject: Subject) -> Iterator[Finding]:
    """An option of a release whose rules are not known here."""
    name = "BOOTLOADER_APP_ROLLBACK"
    if name in subject.options:
        yield at(subject.place(name), f"CONFIG_{name} is of an ESP-IDF after {max(Release).label}")


def _lost_to(sdkconfig: Sdkconfig) -> Iterator[tuple[Option, Option]]:
    """Yield the assignments of options of OTA that another value overrides, with that other one."""
    for option in sdkconfig.overridden:
        winner = option.overridden_by
        if winner is not None and winner.raw != option.raw and option.name.startswith(_OTA_PREFIXES):
            yield option, winner


def _is_on_in_bootloader(subject: Subject, name: str) -> bool:
    option = (subject.bootloader_options or {}).get(name)
    return option is not None and option.raw in ("y", "1")


def _normal(option: Option | None, default: str | None) -> str | None:
    """Return a value so that two spellings of one are equal; a header writes y as 1."""
    if option is None:
        return default
    raw = option.raw.strip('"').lower()
    if default == "n":
        return "y" if raw in ("y", "1") else "n"
    try:
        return str(int(raw, 0))
    except ValueError:
        return raw


def _differs(subject: Subject, name: str, mine: str, theirs: str) -> Finding:
    option = (subject.bootloader_options or {}).get(name)
    where = option.place if option is not None else "its build sets it nowhere"
    return at(subject.place(name), f"CONFIG_{name}: {mine} in the application, {theirs} in the bootloader ({where})")


def _release(subject: Subject, what: str) -> Finding:
    return at((subject.release_text or "").partition(" in ")[2] or "--idf", f"{_version(subject)}: {what}")


def _version(subject: Subject) -> str:
    return f"ESP-IDF {(subject.release_text or '').partition(' in ')[0]}"


def _is_confirmed_by_startup(subject: Subject) -> bool:
    return any(accepted_by_startup(subject))
