"""Rules on what is written in files of options, and on two builds that must go together (D01 to D13, D81).

An update over the air does not replace the bootloader, so its options and the application's have to agree.
"""

from collections.abc import Iterator

from ....model.config import Release
from ...image_evidence import ANTI_ROLLBACK, ROLLBACK
from ...sdkconfig import Option, Sdkconfig
from ..rule import RuleFinding, Severity, at, rule
from ..subject import Need, Subject

_KCONFIG = "components/bootloader/Kconfig.projbuild"
_ROLLBACK_KCONFIG = "components/bootloader/Kconfig.app_rollback"
SKIPS = tuple(f"BOOTLOADER_SKIP_VALIDATE_{which}" for which in ("ALWAYS", "ON_POWER_ON", "IN_DEEP_SLEEP"))
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


@rule(
    "D01",
    Severity.NOTE,
    title="an option has its old name",
    reason="ESP-IDF maps the old name to the new one when it reads this file. A file that is read later and uses the "
    "new name overrides it.",
    remedy="Write the new name.",
    source="components/bootloader/sdkconfig.rename",
    needs=(Need.OPTIONS,),
)
def old_names(subject: Subject) -> Iterator[RuleFinding]:
    """Options by a name that ESP-IDF no longer uses."""
    for file in subject.files:
        for option in (*file.sdkconfig.overridden, *file.sdkconfig.options.values()):
            if option.written:
                yield at(option.place, f"CONFIG_{option.written} is now CONFIG_{option.name}")


@rule(
    "D02",
    Severity.WARNING,
    title="an option is given twice",
    reason="The last line counts; a reader who finds the first one is misled.",
    remedy="Keep one of the two lines.",
    source="esp-idf-kconfig, Kconfig.load_config",
    needs=(Need.OPTIONS,),
)
def contradicting_lines(subject: Subject) -> Iterator[RuleFinding]:
    """Two lines of one file that give an option of OTA different values."""
    for file in subject.files:
        for lost, winner in _lost_to(file.sdkconfig):
            if not lost.is_default:
                yield at(
                    winner.place,
                    f"CONFIG_{lost.name} is {winner.raw} here and {lost.raw} in {lost.place}; this line wins",
                )


@rule(
    "D03",
    Severity.WARNING,
    title="a line of sdkconfig.defaults does not count",
    reason="idf.py reads the defaults only where there is no sdkconfig yet; from then on the sdkconfig decides.",
    remedy="Delete the sdkconfig and configure again, or change it with idf.py menuconfig.",
    source="docs/en/api-guides/build-system.rst, Custom Sdkconfig Defaults",
    needs=(Need.OPTIONS,),
)
def shadowed_defaults(subject: Subject) -> Iterator[RuleFinding]:
    """Lines of sdkconfig.defaults that an sdkconfig overrules."""
    defaults = Sdkconfig().overlaid(*(file.sdkconfig for file in subject.files if file.is_defaults))
    chosen = Sdkconfig().overlaid(*(file.sdkconfig for file in subject.files if not file.is_defaults))
    for lost, winner in _lost_to(Sdkconfig(defaults.options).overlaid(Sdkconfig(chosen.options))):
        yield at(lost.place, f"CONFIG_{lost.name}={lost.raw} does not count: {winner.place} has {winner.raw}")


@rule(
    "D04",
    Severity.WARNING,
    title="an option is ignored",
    reason="Kconfig drops an option while the one it depends on is off.",
    remedy="Switch the other option on, or drop this line.",
    source=_KCONFIG,
    needs=(Need.OPTIONS,),
)
def ignored_without_parent(subject: Subject) -> Iterator[RuleFinding]:
    """Options that only mean something with another one that is off."""
    for name, parent in _DEPENDS_ON.items():
        option = subject.options.get(name)
        is_parent_on = subject.is_on(parent, default=parent in _SWITCHED_ON_BY_DEFAULT)
        if option is not None and option.raw != "n" and not is_parent_on:
            yield at(option.place, f"CONFIG_{name}={option.raw} is ignored: CONFIG_{parent} is off")


@rule(
    "D05",
    Severity.WARNING,
    title="the project's own partition table is named, but not chosen",
    reason="The file name counts only with CONFIG_PARTITION_TABLE_CUSTOM=y; without it the device gets another table.",
    remedy="Set CONFIG_PARTITION_TABLE_CUSTOM=y.",
    source="components/partition_table/Kconfig.projbuild, PARTITION_TABLE_CUSTOM",
    needs=(Need.OPTIONS,),
)
def ignored_custom_table(subject: Subject) -> Iterator[RuleFinding]:
    """A table of the project's own that is named but not chosen."""
    name = "PARTITION_TABLE_CUSTOM_FILENAME"
    option = subject.options.get(name)
    builtin = subject.settings.table.builtin
    if option is not None and builtin != "CUSTOM" and option.raw.strip('"') != "partitions.csv":
        yield at(option.place, f"CONFIG_{name}={option.raw} is ignored: the table is ESP-IDF's {builtin}")


@rule(
    "D06",
    Severity.ERROR,
    title="anti-rollback without rollback",
    reason="Kconfig drops anti-rollback silently, so the device accepts old images.",
    remedy="Set CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y too, or switch both off.",
    source=f"{_ROLLBACK_KCONFIG}, BOOTLOADER_APP_ANTI_ROLLBACK",
    needs=(Need.OPTIONS,),
)
def anti_rollback_without_rollback(subject: Subject) -> Iterator[RuleFinding]:
    """Anti-rollback, which Kconfig drops without rollback."""
    if subject.is_on(ANTI_ROLLBACK) and not subject.is_on(ROLLBACK):
        yield at(subject.place(ANTI_ROLLBACK), f"CONFIG_{ANTI_ROLLBACK}=y, but CONFIG_{ROLLBACK} is off")


@rule(
    "D07",
    Severity.WARNING,
    title="skipped validation has no effect with secure boot",
    reason="A bootloader that checks signatures reads the whole image at every boot; Kconfig drops the option.",
    remedy="Drop the option.",
    source=f"{_KCONFIG}, BOOTLOADER_SKIP_VALIDATE_ALWAYS",
    needs=(Need.OPTIONS,),
)
def skip_validate_with_signatures(subject: Subject) -> Iterator[RuleFinding]:
    """Skipped validation, which signatures that are checked at boot do not allow."""
    has_secure_boot = any(
        subject.is_on(name) for name in ("SECURE_BOOT", "SECURE_BOOT_V1_ENABLED", "SECURE_BOOT_V2_ENABLED")
    )
    is_checked = has_secure_boot or subject.is_on("SECURE_SIGNED_ON_BOOT_NO_SECURE_BOOT")
    for name in SKIPS:
        is_allowed = name.endswith("DEEP_SLEEP") and (not has_secure_boot or subject.is_on("SECURE_BOOT_INSECURE"))
        if is_checked and subject.is_on(name) and not is_allowed:
            yield at(subject.place(name), f"CONFIG_{name}=y is ignored: signatures are checked at boot")


@rule(
    "D08",
    Severity.WARNING,
    title="the pin of the test app has no effect with anti-rollback",
    reason="A test app has no secure version that could be checked, so Kconfig drops the option.",
    remedy="Drop CONFIG_BOOTLOADER_APP_TEST.",
    source=f"{_KCONFIG}, BOOTLOADER_APP_TEST",
    needs=(Need.OPTIONS,),
)
def app_test_with_anti_rollback(subject: Subject) -> Iterator[RuleFinding]:
    """The pin of the test app, which anti-rollback does not allow."""
    if subject.config.anti_rollback and subject.is_on("BOOTLOADER_APP_TEST"):
        yield at(subject.place("BOOTLOADER_APP_TEST"), "CONFIG_BOOTLOADER_APP_TEST=y is ignored with anti-rollback")


@rule(
    "D09",
    Severity.WARNING,
    title="an option of a release whose rules are not known here",
    reason="ESP-IDF releases after 6.2-dev call rollback CONFIG_BOOTLOADER_APP_ROLLBACK and switch it on by default. "
    "The rules of these releases are not known here: those of the newest known release are used.",
    remedy="Check the result against the documentation of that release; older releases want "
    "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE.",
    source=f"{_ROLLBACK_KCONFIG}, BOOTLOADER_APP_ROLLBACK",
    needs=(Need.OPTIONS,),
)
def newer_than_rules(subject: Subject) -> Iterator[RuleFinding]:
    """An option of a release whose rules are not known here."""
    name = "BOOTLOADER_APP_ROLLBACK"
    if name in subject.options:
        yield at(subject.place(name), f"CONFIG_{name} is of an ESP-IDF after {max(Release).label}")


@rule(
    "D10",
    Severity.ERROR,
    title="rollback in the application only",
    reason="The application marks an update NEW. A bootloader without rollback starts a NEW image at every boot, "
    "never makes it PENDING_VERIFY and never returns to the previous image.",
    remedy="Build and flash the bootloader with the application's options. Devices in the field that have the old "
    "bootloader have no rollback.",
    source="IDF-BOOT-SELECT",
    needs=(Need.OPTIONS, Need.BOOTLOADER_OPTIONS),
)
def rollback_in_application_only(subject: Subject) -> Iterator[RuleFinding]:
    """Rollback that the bootloader was built without."""
    if subject.config.rollback and not _is_on_in_bootloader(subject, ROLLBACK):
        yield _differs(subject, ROLLBACK, "on", "off")


@rule(
    "D11",
    Severity.ERROR,
    title="rollback in the bootloader only",
    reason="The application leaves the state of an update UNDEFINED, and the bootloader makes only NEW images "
    "PENDING_VERIFY: no update is ever tested or rolled back.",
    remedy="Set CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y in the application's build.",
    source="IDF-OTA-SET-BOOT",
    needs=(Need.OPTIONS, Need.BOOTLOADER_OPTIONS),
)
def rollback_in_bootloader_only(subject: Subject) -> Iterator[RuleFinding]:
    """Rollback that the application is built without."""
    if not subject.config.rollback and _is_on_in_bootloader(subject, ROLLBACK):
        yield _differs(subject, ROLLBACK, "off", "on")


@rule(
    "D12",
    Severity.ERROR,
    title="anti-rollback in one of the two builds",
    reason="Anti-rollback in the application alone refuses old updates, but the bootloader starts any image that "
    "lies in a slot. In the bootloader alone, old updates are downloaded and marked, and then refused at the "
    "next boot.",
    remedy="Build both with the same options.",
    source="IDF-OTA-ANTI-ROLLBACK",
    needs=(Need.OPTIONS, Need.BOOTLOADER_OPTIONS),
)
def anti_rollback_differs(subject: Subject) -> Iterator[RuleFinding]:
    """Anti-rollback in one of the two builds."""
    if subject.config.anti_rollback != _is_on_in_bootloader(subject, ANTI_ROLLBACK):
        words = ("on", "off") if subject.config.anti_rollback else ("off", "on")
        yield _differs(subject, ANTI_ROLLBACK, *words)


@rule(
    "D13",
    Severity.ERROR,
    title="bootloader and application disagree on an option",
    reason="Both read the same flash, eFuses and RTC memory, each by its own options. With different options they "
    "look for the partition table, or count the secure version, in different places.",
    remedy="Build both with the same options.",
    source=_KCONFIG,
    needs=(Need.OPTIONS, Need.BOOTLOADER_OPTIONS),
)
def builds_differ(subject: Subject) -> Iterator[RuleFinding]:
    """Any other option that both builds must share."""
    for name, default in _MUST_AGREE.items():
        mine = _normal(subject.options.get(name), default)
        theirs = _normal((subject.bootloader_options or {}).get(name), default)
        if mine is not None and theirs is not None and mine != theirs:
            yield _differs(subject, name, mine, theirs)


@rule(
    "D81",
    Severity.WARNING,
    title="a line of a file of options does not count",
    reason="Kconfig passes it over with a warning, and builds: the option that it means stays at its default.",
    remedy="Write CONFIG_NAME=VALUE at the beginning of the line, with text in double quotes, or take the line out.",
    source="esp-idf-kconfig, Kconfig.load_config",
    needs=(Need.OPTIONS,),
)
def passed_over(subject: Subject) -> Iterator[RuleFinding]:
    """Lines that Kconfig passes over."""
    for line in subject.settings.passed_over:
        yield at(line.place, line.what)


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


def _differs(subject: Subject, name: str, mine: str, theirs: str) -> RuleFinding:
    option = (subject.bootloader_options or {}).get(name)
    where = option.place if option is not None else "its build sets it nowhere"
    return at(subject.place(name), f"CONFIG_{name}: {mine} in the application, {theirs} in the bootloader ({where})")
