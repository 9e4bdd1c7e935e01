"""What options mean: values, their origins, defaults by chip, and what is refused."""

import pytest

from otaproof.errors import InputError
from otaproof.model.config import Chip, Config, Pin, Release
from otaproof.project.sdkconfig import Option, given_options, parse_sdkconfig
from otaproof.project.settings import ReleaseHints, Settings, read_settings

MEBIBYTE = 0x100000


def settings_of(*lines: str, hints: ReleaseHints | None = None) -> Settings:
    """Return the meaning of an sdkconfig of these lines."""
    return read_settings(parse_sdkconfig("\n".join(lines), "sdkconfig"), hints)


def origin_of(settings: Settings, name: str) -> str:
    """Return what is said of where a value comes from."""
    (origin,) = [str(setting.origin) for setting in settings.settings if setting.name == name]
    return origin


def test_empty_sdkconfig_has_the_defaults_of_kconfig() -> None:
    """ESP32, no rollback, table at 0x8000 with MD5, 32 bits of secure version, 2 MB of flash, factory app only."""
    settings = settings_of("")
    assert (Config(secure_version_bits=32), 2 * MEBIBYTE, "SINGLE_APP", ()) == (
        settings.config,
        settings.flash_size,
        settings.table.builtin,
        settings.pins,
    )


def test_rollback_is_taken_with_its_line() -> None:
    """The value, and where it was found."""
    settings = settings_of("", "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y")
    assert (True, "sdkconfig:2") == (
        settings.config.rollback,
        origin_of(settings, "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE"),
    )


def test_value_that_nobody_chose_is_called_assumed_with_its_reason() -> None:
    """So that check can list what it rests on."""
    assert "assumed: Kconfig's default" == origin_of(settings_of(""), "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE")


def test_every_setting_is_answered_once() -> None:
    """A report has no line twice."""
    names = [
        setting.name
        for setting in settings_of(
            "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y",
            "CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=y",
            "CONFIG_BOOTLOADER_FACTORY_RESET=y",
            "CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS=y",
            "CONFIG_PARTITION_TABLE_CUSTOM=y",
        ).settings
    ]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=maybe", "y or n"),
        ('CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE="y"', "y or n"),
        ("CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=1", "y or n"),
        ("CONFIG_PARTITION_TABLE_OFFSET=banana", "a hexadecimal number such as 0x8000"),
        ("CONFIG_IDF_TARGET=esp32", "text in double quotes"),
        ("CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD=0x10", "a decimal number"),
        ("CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD=33", "1 to 32, the size of the eFuse field of esp32"),
        ("CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD=0", "1 to 32, the size of the eFuse field of esp32"),
        ("CONFIG_ESPTOOLPY_FLASHSIZE_4MB=4", "y or n"),
        ("CONFIG_PARTITION_TABLE_MD5=true", "y or n"),
    ],
)
def test_value_that_an_option_does_not_take_is_passed_over_and_told(line: str, wanted: str) -> None:
    """As Kconfig does: it builds with the default."""
    passed = [str(passed) for passed in settings_of("", line).passed_over]
    shown = repr(line if len(line) <= 40 else line[:37] + "...")
    assert ([f"sdkconfig:2: {shown} does not count: want {wanted}"], settings_of("").config) == (
        passed,
        settings_of("", line).config,
    )


def test_value_of_an_argument_that_its_option_does_not_take_is_an_error() -> None:
    """Nobody but the user has said it, and nobody is warned."""
    with pytest.raises(InputError, match=r"^--config: CONFIG_PARTITION_TABLE_OFFSET=.*; want a hexadecimal number"):
        read_settings(given_options(["CONFIG_PARTITION_TABLE_OFFSET=banana"], "--config"))


@pytest.mark.parametrize(("value", "is_on"), [("yes", True), ("no", False), ("", False)])
def test_first_letter_of_a_switch_counts(value: str, is_on: bool) -> None:
    """As in Kconfig; old ones write nothing for no."""
    settings = settings_of(f"CONFIG_PARTITION_TABLE_MD5={value}")
    assert (is_on, ()) == (settings.config.table_md5, settings.passed_over)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("CONFIG_PARTITION_TABLE_OFFSET=0x8100", "a multiple of 0x1000 above 0"),
        ("CONFIG_PARTITION_TABLE_OFFSET=0", "a multiple of 0x1000 above 0"),
        ('CONFIG_IDF_TARGET="esp8266"', "one of esp32, esp32s2, .*esp32p4"),
    ],
)
def test_value_that_no_build_takes_is_an_error_at_its_line(line: str, wanted: str) -> None:
    """Kconfig takes it, and the build stops."""
    with pytest.raises(InputError, match=f"^sdkconfig:2: {line}; want {wanted}$"):
        settings_of("", line)


def test_anti_rollback_with_rollback_is_taken() -> None:
    """Kconfig offers the one only with the other."""
    config = settings_of("CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y", "CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=y").config
    assert (True, True) == (config.rollback, config.anti_rollback)


@pytest.mark.parametrize(
    ("rollback", "said"),
    [("", "set nowhere"), ("# CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set", "off in sdkconfig:1")],
)
def test_anti_rollback_without_rollback_is_a_contradiction(rollback: str, said: str) -> None:
    """Kconfig drops anti-rollback in silence, and the device accepts old images."""
    with pytest.raises(InputError, match=f"^sdkconfig:2: .*, which is {said};.*switch both on or both off"):
        settings_of(rollback, "CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=y")


@pytest.mark.parametrize(
    ("target", "bits"), [("esp32", 32), ("esp32c2", 4), ("esp32c5", 9), ("esp32s3", 16), ("esp32c3", 16)]
)
def test_secure_version_has_the_bits_of_the_chip(target: str, bits: int) -> None:
    """Source: Kconfig.app_rollback, BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD."""
    assert bits == settings_of(f'CONFIG_IDF_TARGET="{target}"').config.secure_version_bits


def test_secure_version_bits_can_be_fewer() -> None:
    """The option narrows the field."""
    assert 8 == settings_of("CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD=8").config.secure_version_bits


def test_skip_validate_always_selects_the_others() -> None:
    """Source: Kconfig.projbuild, BOOTLOADER_SKIP_VALIDATE_ALWAYS."""
    config = settings_of("CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS=y").config
    assert (True, True, True) == (
        config.skip_validate_always,
        config.skip_validate_on_power_on,
        config.skip_validate_in_deep_sleep,
    )


def test_skip_validate_always_leaves_deep_sleep_where_there_is_no_rtc_fast_memory() -> None:
    """ESP32-C2 has none."""
    config = settings_of('CONFIG_IDF_TARGET="esp32c2"', "CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS=y").config
    assert (True, False) == (config.skip_validate_on_power_on, config.skip_validate_in_deep_sleep)


def test_factory_reset_erases_the_listed_partitions() -> None:
    """Blanks around a name do not count."""
    settings = settings_of(
        "CONFIG_BOOTLOADER_FACTORY_RESET=y",
        'CONFIG_BOOTLOADER_DATA_FACTORY_RESET="nvs, phy_init"',
        "CONFIG_BOOTLOADER_OTA_DATA_ERASE=y",
    )
    assert ((Pin.FACTORY_RESET,), ("nvs", "phy_init"), True) == (
        settings.pins,
        settings.config.factory_reset_labels,
        settings.config.factory_reset_erases_otadata,
    )


def test_factory_reset_erases_nvs_unless_told_otherwise() -> None:
    """Kconfig's default list."""
    assert ("nvs",) == settings_of("CONFIG_BOOTLOADER_FACTORY_RESET=y").config.factory_reset_labels


def test_without_factory_reset_its_list_means_nothing() -> None:
    """The options depend on it."""
    config = settings_of('CONFIG_BOOTLOADER_DATA_FACTORY_RESET="nvs"', "CONFIG_BOOTLOADER_OTA_DATA_ERASE=y").config
    assert ("", False) == (config.factory_reset_list, config.factory_reset_erases_otadata)


def test_test_app_pin_is_not_there_with_anti_rollback() -> None:
    """BOOTLOADER_APP_TEST depends on its absence."""
    anti = ("CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y", "CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=y")
    assert [(Pin.TEST_APP,), ()] == [settings_of("CONFIG_BOOTLOADER_APP_TEST=y", *more).pins for more in ((), anti)]


@pytest.mark.parametrize("value", ["0xd000", "0xD000", "d000"])
def test_table_offset_is_hexadecimal_with_and_without_prefix(value: str) -> None:
    """Kconfig reads a hex option so."""
    assert 0xD000 == settings_of(f"CONFIG_PARTITION_TABLE_OFFSET={value}").config.table_offset


def test_table_has_no_md5_for_bootloaders_before_3_1() -> None:
    """The MD5 option depends on it, whatever its own line says."""
    config = settings_of("CONFIG_APP_COMPATIBLE_PRE_V3_1_BOOTLOADERS=y", "CONFIG_PARTITION_TABLE_MD5=y").config
    assert False is config.table_md5


def test_last_member_of_a_choice_wins() -> None:
    """Kconfig: "Choice has multiple active selections. The last one will be used"."""
    lines = ("CONFIG_PARTITION_TABLE_CUSTOM=y", "CONFIG_PARTITION_TABLE_TWO_OTA=y")
    assert ["TWO_OTA", "CUSTOM"] == [settings_of(*order).table.builtin for order in (lines, lines[::-1])]


def test_chosen_member_beats_a_later_one_that_is_only_default() -> None:
    """Kconfig: what stands below "# default:" is no choice."""
    assert (
        4 * MEBIBYTE
        == settings_of("CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y", "# default:", "CONFIG_ESPTOOLPY_FLASHSIZE_2MB=y").flash_size
    )


def test_custom_table_has_its_file_name() -> None:
    """PARTITION_TABLE_FILENAME is derived by Kconfig and decides nothing."""
    table = settings_of(
        "CONFIG_PARTITION_TABLE_CUSTOM=y",
        'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="tables/two slots.csv"',
        'CONFIG_PARTITION_TABLE_FILENAME="other.csv"',
    ).table
    assert ("tables/two slots.csv", "sdkconfig:2") == (table.filename, str(table.origin))


def test_custom_table_without_name_is_partitions_csv() -> None:
    """Kconfig's default."""
    assert "partitions.csv" == settings_of("CONFIG_PARTITION_TABLE_CUSTOM=y").table.filename


def test_release_comes_from_the_best_hint_that_names_one() -> None:
    """A Git hash names none; bootloader and application are asked separately."""
    image = Option("idf_ver", "1a2b3c4", "app.bin")
    build = Option("git_revision", "v5.5.1-dirty", "project_description.json")
    hints = ReleaseHints(app=(image, build))
    settings = settings_of('CONFIG_IDF_INIT_VERSION="5.1.2"', hints=hints)
    assert (Release.V5_5, Release.V5_1) == (settings.config.app_release, settings.config.bootloader_release)


def test_release_that_wrote_the_file_last_beats_the_first() -> None:
    """IDF_INIT_VERSION is of the day the file was made."""
    settings = settings_of(
        "# Espressif IoT Development Framework (ESP-IDF) 6.0.0 Project Configuration",
        'CONFIG_IDF_INIT_VERSION="5.1.2"',
    )
    assert (Release.V6_0, "6.0.0 in sdkconfig:1") == (
        settings.config.app_release,
        origin_of(settings, "ESP-IDF release of the application"),
    )


def test_release_without_any_hint_is_assumed() -> None:
    """The one that NodeMCU builds against, and the report says that nobody named it."""
    settings = settings_of("")
    assert (Release.V5_1, "assumed: no file names one") == (
        settings.config.bootloader_release,
        origin_of(settings, "ESP-IDF release of the bootloader"),
    )


def test_release_older_than_the_rules_is_an_error() -> None:
    """No rules are known for it."""
    with pytest.raises(InputError, match=r"^sdkconfig:1: ESP-IDF 3\.2 is older "):
        settings_of('CONFIG_IDF_INIT_VERSION="3.2"')


@pytest.mark.parametrize(
    ("chip", "option", "revision"),
    [
        ("esp32", "ESP32_REV_MIN_3", 300),
        ("esp32", "ESP32_REV_MIN_3_1", 301),
        ("esp32c2", "ESP32C2_REV_MIN_1_1", 101),
        ("esp32c3", "ESP32C3_REV_MIN_4", 4),
        ("esp32c3", "ESP32C3_REV_MIN_101", 101),
        ("esp32p4", "ESP32P4_REV_MIN_300", 300),
        ("esp32s2", "ESP32S2_REV_MIN_1", 100),
    ],
)
def test_least_revision_is_read_from_the_choice_of_each_chip(chip: str, option: str, revision: int) -> None:
    """Its members are numbered as the chip's Kconfig.hw_support has it."""
    assert revision == settings_of(f'CONFIG_IDF_TARGET="{chip}"', f"CONFIG_{option}=y").config.chip_revision


def test_chip_revision_that_is_given_counts() -> None:
    """Whatever the build asks for: then its image is refused, as on the device."""
    settings = read_settings(parse_sdkconfig("CONFIG_ESP32_REV_MIN_3=y\n", "f"), chip_revision=(101, "--chip-revision"))
    assert (101, "--chip-revision") == (settings.config.chip_revision, origin_of(settings, "chip revision"))


def test_chip_revision_is_at_least_what_the_build_needs() -> None:
    """An ESP32-P4 of revision 3.1 is asked for."""
    config = settings_of('CONFIG_IDF_TARGET="esp32p4"', "CONFIG_ESP_REV_MIN_FULL=301").config
    assert (Chip.ESP32P4, 301) == (config.chip, config.chip_revision)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("SECURE_BOOT", "signatures"),
        ("SECURE_BOOT_V2_ENABLED", "signatures"),
        ("SECURE_FLASH_ENC_ENABLED", "plain text"),
        ("FLASH_ENCRYPTION_ENABLED", "plain text"),
        ("SECURE_ENABLE_TEE", "TEE"),
    ],
)
def test_option_that_is_not_modelled_is_said_to_be(option: str, said: str) -> None:
    """The result holds only with what is assumed instead."""
    (setting,) = settings_of(f"CONFIG_{option}=y").not_modelled
    assert (True, True, "sdkconfig:1") == (
        setting.value.startswith("not modelled: "),
        said in setting.value,
        str(setting.origin),
    )


def test_secure_boot_is_mentioned_once() -> None:
    """SECURE_BOOT and its version are one matter."""
    assert 1 == len(settings_of("CONFIG_SECURE_BOOT=y", "CONFIG_SECURE_BOOT_V2_ENABLED=y").not_modelled)


def test_option_that_is_off_is_not_mentioned_as_not_modelled() -> None:
    """A whole sdkconfig lists all of them."""
    assert () == settings_of("# CONFIG_SECURE_BOOT is not set", "CONFIG_SECURE_FLASH_ENC_ENABLED=n").not_modelled
