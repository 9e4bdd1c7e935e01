"""From the options that somebody wrote to the configuration that the model and the board take.

Defaults, ranges and dependencies are those of ESP-IDF's Kconfig files. A value that Kconfig passes over with a
warning (a word where y or n belongs) is passed over here, and told. Where it drops one without a word (anti-rollback
without rollback), this raises InputError: the device would not be what its owner believes it is.
"""

from dataclasses import dataclass

from ..errors import InputError
from ..impl.chip.cells import SECTOR_SIZE
from ..impl.chip.chips import CHIPS
from ..impl.release_points import with_versions
from ..model.config import Chip, Config, Pin, release_name
from ..model.idf_version import MASTER, IdfVersion
from .files import FLASH_SIZES
from .option_reader import KCONFIG_DEFAULT, Answers, ConfigValue, Origin
from .release_text import names_release, read_release
from .sdkconfig import Option, PassedOver, Sdkconfig

_MEBIBYTE = 0x100000
_TABLE_CHOICES = tuple(
    f"PARTITION_TABLE_{name}"
    for name in (
        "SINGLE_APP",
        "SINGLE_APP_LARGE",
        "TWO_OTA",
        "TWO_OTA_LARGE",
        "CUSTOM",
        "SINGLE_APP_ENCRYPTED_NVS",
        "SINGLE_APP_LARGE_ENC_NVS",
        "TWO_OTA_ENCRYPTED_NVS",
        "SINGLE_APP_TEE",
        "TWO_OTA_TEE",
    )
)
_NO_SIGNATURES = "signatures are not checked: every image counts as signed"
_NOT_MODELLED = {
    "SECURE_BOOT": _NO_SIGNATURES,
    "SECURE_SIGNED_APPS_NO_SECURE_BOOT": _NO_SIGNATURES,
    "SECURE_FLASH_ENC_ENABLED": "flash holds plain text",
    "SECURE_ENABLE_TEE": "slots and otadata of the TEE are left out",
    "BOOTLOADER_RECOVERY_ENABLE": "the recovery bootloader is left out",
    "BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE": "the secure version lies in real eFuses",
}
_RUNS_ALL_FLASH = ("ESPTOOLPY_OCT_FLASH", "BOOTLOADER_CACHE_32BIT_ADDR_QUAD_FLASH")
CODE_REACH = 0x1000000
"""Bytes of flash that 24 bits address. Source: docs/en/api-guides/flash_psram_config.rst and Kconfig.projbuild."""
_LEAST_REVISIONS = ("0", "1", "1_1", "2", "3", "3_1", "4", "100", "101", "102", "200", "300", "301")
"""What follows CONFIG_<chip>_REV_MIN_ in any release."""
_COUNTED_BY_MAJOR = (Chip.ESP32, Chip.ESP32S2, Chip.ESP32C2)
_BY_SOURCES = "not recorded: rules read from sources"
_IMPLIES_SECURE_BOOT = ("SECURE_BOOT_V1_ENABLED", "SECURE_BOOT_V2_ENABLED")


@dataclass(frozen=True, slots=True)
class TableChoice:
    """Which partition table a project asks for."""

    builtin: str
    """What follows CONFIG_PARTITION_TABLE_ in the option that is on; "CUSTOM" for one of the project's own."""
    filename: str
    """The project's own CSV as the option names it; "" with a table of ESP-IDF's."""
    coredump: bool
    """Whether core dumps go to flash, which adds a partition to most of ESP-IDF's tables."""
    origin: Origin


@dataclass(frozen=True, slots=True)
class Settings:
    """All that options decide."""

    config: Config
    flash_size: int
    """Bytes."""
    table: TableChoice
    pins: tuple[Pin, ...]
    """The pins that the bootloader of this build looks at."""
    settings: tuple[ConfigValue, ...]
    """Every value with its origin, in the order of asking."""
    not_modelled: tuple[ConfigValue, ...]
    """Options that are on and ignored here; the value says what is assumed instead."""
    generator: IdfVersion = MASTER
    """The version whose generator makes the partition table: the application's, the newest where nothing names one."""
    warnings: tuple[str, ...] = ()
    """What is taken otherwise than it is written, a line each."""
    passed_over: tuple[PassedOver, ...] = ()
    """Lines of files that do not count."""
    runs_all_flash: bool = False
    """Whether code can be run from above 16 MiB: with octal flash, or by an experimental option."""


@dataclass(frozen=True, slots=True)
class ReleaseHints:
    """What tells of the ESP-IDF release besides the sdkconfig, best first."""

    app: tuple[Option, ...] = ()
    bootloader: tuple[Option, ...] = ()


def read_settings(
    sdkconfig: Sdkconfig, hints: ReleaseHints | None = None, chip_revision: tuple[int, str] | None = None
) -> Settings:
    """Return what `sdkconfig` means. chip_revision: of the silicon, major * 100 + minor, and who says it.

    Raises InputError, naming the line, for values that contradict each other, and for one of an argument that its
    option does not take.
    """
    answers = Answers(sdkconfig.options)
    hints = hints or ReleaseHints()
    config = _read_config(answers, sdkconfig, hints, chip_revision)
    is_named = any(map(_is_release, hints.app + _releases_in(sdkconfig)))
    return Settings(
        config=config,
        flash_size=_read_flash_size(answers),
        table=_read_table_choice(answers),
        pins=_read_pins(answers, config.anti_rollback),
        settings=tuple(answers.given),
        not_modelled=_read_not_modelled(answers),
        generator=config.app_point if is_named else MASTER,
        warnings=tuple(dict.fromkeys(answers.warnings)),
        runs_all_flash=any(map(answers.is_on, _RUNS_ALL_FLASH)),
        passed_over=(*sdkconfig.passed_over, *answers.passed_over),
    )


def read_chip(answers: Answers) -> Chip:
    """Return the chip that CONFIG_IDF_TARGET names, or ESP-IDF's own default."""
    name = answers.text("IDF_TARGET")
    if name is None:
        answers.note("CONFIG_IDF_TARGET", Chip.ESP32.value, Origin("idf.py's default target", assumed=True))
        return Chip.ESP32
    try:
        chip = Chip(name)
    except ValueError:
        known = ", ".join(chip.value for chip in Chip)
        raise answers.refusal("IDF_TARGET", f"one of {known}") from None
    answers.note("CONFIG_IDF_TARGET", chip.value, answers.origin("IDF_TARGET"))
    return chip


def _read_config(
    answers: Answers, sdkconfig: Sdkconfig, hints: ReleaseHints, chip_revision: tuple[int, str] | None
) -> Config:
    chip = read_chip(answers)
    rollback, anti_rollback = _read_rollback(answers)
    in_deep_sleep, on_power_on, always = _read_skip_validate(answers, chip)
    reset_list, reset_erases_otadata = _read_factory_reset(answers)
    from_sdkconfig = _releases_in(sdkconfig)
    app = _read_release(answers, "the application", hints.app + from_sdkconfig)
    bootloader = _read_release(answers, "the bootloader", hints.bootloader + from_sdkconfig)
    config = Config(
        rollback=rollback,
        anti_rollback=anti_rollback,
        skip_validate_in_deep_sleep=in_deep_sleep,
        skip_validate_on_power_on=on_power_on,
        skip_validate_always=always,
        chip=chip,
        chip_revision=_read_chip_revision(answers, chip, chip_revision),
        table_offset=_read_table_offset(answers),
        table_md5=_read_table_md5(answers),
        secure_version_bits=_read_secure_version_bits(answers, chip, anti_rollback),
        factory_reset_list=reset_list,
        factory_reset_erases_otadata=reset_erases_otadata,
    )
    return with_versions(config, app, bootloader)


def _read_rollback(answers: Answers) -> tuple[bool, bool]:
    """Return whether rollback and anti-rollback are on; the second needs the first."""
    rollback = answers.switch("BOOTLOADER_APP_ROLLBACK_ENABLE")
    anti_rollback = answers.switch("BOOTLOADER_APP_ANTI_ROLLBACK")
    if anti_rollback and not rollback:
        off = answers.origin("BOOTLOADER_APP_ROLLBACK_ENABLE")
        said = "set nowhere" if off.assumed else f"off in {off.text}"
        raise InputError(
            f"{answers.origin('BOOTLOADER_APP_ANTI_ROLLBACK')}: CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=y needs "
            f"CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y, which is {said}; Kconfig drops anti-rollback without it: "
            f"switch both on or both off"
        )
    return rollback, anti_rollback


def _read_skip_validate(answers: Answers, chip: Chip) -> tuple[bool, bool, bool]:
    """Return which boots skip validation: deep sleep, power on, all. The last one selects the others."""
    name = "BOOTLOADER_SKIP_VALIDATE_"
    always = answers.switch(f"{name}ALWAYS")
    if not always:
        return answers.switch(f"{name}IN_DEEP_SLEEP"), answers.switch(f"{name}ON_POWER_ON"), False
    selected = Origin(f"selected by CONFIG_{name}ALWAYS in {answers.origin(f'{name}ALWAYS')}")
    answers.note(f"CONFIG_{name}ON_POWER_ON", "y", selected)
    if not CHIPS[chip].has_rtc_fast_memory:
        return answers.switch(f"{name}IN_DEEP_SLEEP"), True, True
    answers.note(f"CONFIG_{name}IN_DEEP_SLEEP", "y", selected)
    return True, True, True


def _read_factory_reset(answers: Answers) -> tuple[str, bool]:
    """Return what the factory-reset pin erases: the list of labels of data partitions, and whether otadata too."""
    if not answers.is_on("BOOTLOADER_FACTORY_RESET"):
        return "", False
    labels = answers.text("BOOTLOADER_DATA_FACTORY_RESET")
    labels = "nvs" if labels is None else labels
    answers.note("CONFIG_BOOTLOADER_DATA_FACTORY_RESET", labels, answers.origin("BOOTLOADER_DATA_FACTORY_RESET"))
    return labels, answers.switch("BOOTLOADER_OTA_DATA_ERASE")


def _read_pins(answers: Answers, anti_rollback: bool) -> tuple[Pin, ...]:
    pins: list[Pin] = []
    if answers.switch("BOOTLOADER_FACTORY_RESET"):
        pins.append(Pin.FACTORY_RESET)
    # Kconfig offers the test pin only without anti-rollback.
    if answers.switch("BOOTLOADER_APP_TEST") and not anti_rollback:
        pins.append(Pin.TEST_APP)
    return tuple(pins)


def _releases_in(sdkconfig: Sdkconfig) -> tuple[Option, ...]:
    """Return what an sdkconfig says of the release: who wrote it last, then who wrote it first."""
    first = sdkconfig.options.get("IDF_INIT_VERSION")
    return tuple(option for option in (sdkconfig.release, first) if option is not None)


def _is_release(hint: Option) -> bool:
    return names_release(hint.raw.strip('"'))


def _read_release(answers: Answers, whose: str, hints: tuple[Option, ...]) -> IdfVersion:
    """Return the version of the first hint that names a release at all; a Git hash does not."""
    name = f"ESP-IDF release of {whose}"
    for hint in hints:
        if _is_release(hint):
            text = hint.raw.strip('"')
            named = read_release(text, hint.place)
            origin = f"{text} in {hint.place}"
            is_derived = bool(hint.tells)
            remark = _BY_SOURCES if named.note else ""
            told = Origin(f"{hint.tells}; {origin}" if is_derived else origin, is_derived)
            answers.note(name, release_name(named.version), told, remark)
            if named.warning is not None:
                answers.warn(f"{hint.place}: {named.warning}")
            return named.version
    default = Config()
    answers.note(name, default.app_name, Origin("no file names one", assumed=True))
    return default.app_point


def _read_chip_revision(answers: Answers, chip: Chip, given: tuple[int, str] | None) -> int:
    """Return the revision of the silicon, which no file tells: the usual one, and at least what is asked for."""
    if given is not None:
        revision, place = given
        answers.note("chip revision", f"v{revision // 100}.{revision % 100}", Origin(place))
        return revision
    oldest = least_revision(answers, chip)
    usual = Config().chip_revision if chip is Chip.ESP32 else 0
    revision = max(oldest, usual)
    reason = "the usual one" if revision == usual else "the oldest this build runs on"
    answers.note("chip revision", f"v{revision // 100}.{revision % 100}", Origin(reason, assumed=True))
    return revision


def least_revision(answers: Answers, chip: Chip) -> int:
    """Return the least chip revision that the options ask for, major * 100 + minor; 0 where they ask for none."""
    prefix = f"{chip.value.upper()}_REV_MIN_"
    least = max(answers.number(name, 10) or 0 for name in ("ESP_REV_MIN_FULL", f"{prefix}FULL"))
    chosen = answers.chosen([prefix + revision for revision in _LEAST_REVISIONS])
    if chosen is None:
        return least
    major, _, minor = chosen.name.removeprefix(prefix).partition("_")
    # One digit is a major revision of the first chips, and a minor one of all later ones.
    is_major = minor or (len(major) == 1 and chip in _COUNTED_BY_MAJOR)
    return max(least, int(major) * 100 + int(minor or 0) if is_major else int(major))


def _read_table_offset(answers: Answers) -> int:
    name = "PARTITION_TABLE_OFFSET"
    given = answers.number(name, 16)
    offset = Config().table_offset if given is None else given
    if offset <= 0 or offset % SECTOR_SIZE:
        raise answers.refusal(name, "a multiple of 0x1000 above 0")
    answers.note(f"CONFIG_{name}", f"0x{offset:x}", answers.origin(name))
    return offset


def _read_table_md5(answers: Answers) -> bool:
    name = "APP_COMPATIBLE_PRE_V3_1_BOOTLOADERS"
    if answers.is_on(name):
        answers.note("CONFIG_PARTITION_TABLE_MD5", "n", Origin(f"CONFIG_{name} in {answers.origin(name)}"))
        return False
    return answers.switch("PARTITION_TABLE_MD5", default=True)


def _read_secure_version_bits(answers: Answers, chip: Chip, anti_rollback: bool) -> int:
    name = "BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD"
    most = CHIPS[chip].secure_version_bits
    given = answers.number(name, 10)
    bits = most if given is None else given
    if not 1 <= bits <= most:
        answers.pass_over(name, f"1 to {most}, the size of the eFuse field of {chip.value}")
        bits = most
    if anti_rollback:
        answers.note(f"CONFIG_{name}", str(bits), answers.origin(name))
    return bits


def _read_flash_size(answers: Answers) -> int:
    sizes = {f"ESPTOOLPY_FLASHSIZE_{size // _MEBIBYTE}MB": size for size in FLASH_SIZES}
    chosen = answers.chosen(sizes)
    size = 2 * _MEBIBYTE if chosen is None else sizes[chosen.name]
    origin = KCONFIG_DEFAULT if chosen is None else Origin(chosen.place)
    answers.note("CONFIG_ESPTOOLPY_FLASHSIZE", f"{size // _MEBIBYTE}MB", origin)
    return size


def _read_table_choice(answers: Answers) -> TableChoice:
    """Return the table asked for. Of the two file names only the custom one is a choice: Kconfig derives the other."""
    chosen = answers.chosen(_TABLE_CHOICES)
    builtin = "SINGLE_APP" if chosen is None else chosen.name.removeprefix("PARTITION_TABLE_")
    origin = KCONFIG_DEFAULT if chosen is None else Origin(chosen.place)
    answers.note("partition table", builtin, origin)
    coredump = answers.is_on("ESP_COREDUMP_ENABLE_TO_FLASH")
    if builtin != "CUSTOM":
        return TableChoice(builtin, "", coredump, origin)
    name = "PARTITION_TABLE_CUSTOM_FILENAME"
    filename = answers.text(name)
    filename = "partitions.csv" if filename is None else filename
    answers.note(f"CONFIG_{name}", filename, answers.origin(name))
    return TableChoice(builtin, filename, coredump, answers.origin(name))


def _read_not_modelled(answers: Answers) -> tuple[ConfigValue, ...]:
    """Return the options that are on but have no effect here, each once."""
    found = [
        ConfigValue(f"CONFIG_{name}", f"not modelled: {instead}", answers.origin(name))
        for name, instead in _NOT_MODELLED.items()
        if answers.is_on(name)
    ]
    if not answers.is_on("SECURE_BOOT"):
        found += [
            ConfigValue(f"CONFIG_{name}", f"not modelled: {_NO_SIGNATURES}", answers.origin(name))
            for name in _IMPLIES_SECURE_BOOT
            if answers.is_on(name)
        ]
    return tuple(found)
