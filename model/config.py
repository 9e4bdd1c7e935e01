"""The configuration of a device, as one frozen value: what the two sdkconfigs and the chip decide.

Bootloader and application carry their release separately, since fleets run new applications on old
bootloaders. All other options must be the same in both, as ESP-IDF demands.
"""

from dataclasses import dataclass, replace
from enum import Enum, IntEnum

from .idf_version import MASTER, IdfVersion
from .writers import UPDATERS, Updater, UpdaterTraits


class Release(IntEnum):
    """A class of ESP-IDF versions that do the same in the device model, oldest first; compare with <."""

    V4_4 = 0x0404
    V5_1 = 0x0501
    V5_5 = 0x0505
    V6_0 = 0x0600
    V6_1 = 0x0601
    V6_2_DEV = 0x0602

    @property
    def label(self) -> str:
        """The name of the class, such as "5.1" or "6.2-dev". Users name versions: `release_name`."""
        text = f"{self >> 8}.{self & 0xFF}"
        return f"{text}-dev" if self is Release.V6_2_DEV else text

    @property
    def point(self) -> IdfVersion:
        """The version that the rules were recorded of."""
        return _POINTS[self]

    @classmethod
    def named(cls, label: str) -> "Release":
        """Return the class of that label, as tokens hold it; raises ValueError for none."""
        for release in cls:
            if release.label == label:
                return release
        raise ValueError(f"{label!r} is none of {', '.join(release.label for release in cls)}")


_POINTS = {
    Release.V4_4: IdfVersion(4, 4),
    Release.V5_1: IdfVersion(5, 1, 3),
    Release.V5_5: IdfVersion(5, 5, 5),
    Release.V6_0: IdfVersion(6, 0, 2),
    Release.V6_1: IdfVersion.parse("6.1-beta1"),
    Release.V6_2_DEV: MASTER,
}


_NAMES = {release.point: release.label for release in Release} | {
    # The class was recorded of the beta, before the release did otherwise.
    Release.V6_1.point: Release.V6_1.point.label,
    IdfVersion(6, 1): "6.1",
}


def release_name(version: IdfVersion) -> str:
    """Return what users call a version, and may type: "5.1" is the 5.1.3 that was recorded, "6.1" is 6.1.0."""
    return _NAMES.get(version, version.label)


class Chip(Enum):
    """A chip of the ESP32 family, by its IDF_TARGET name."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    ESP32 = "esp32"
    ESP32S2 = "esp32s2"
    ESP32S3 = "esp32s3"
    ESP32C2 = "esp32c2"
    ESP32C3 = "esp32c3"
    ESP32C5 = "esp32c5"
    ESP32C6 = "esp32c6"
    ESP32C61 = "esp32c61"
    ESP32H2 = "esp32h2"
    ESP32P4 = "esp32p4"


class ResetReason(Enum):
    """Why the bootloader runs, as far as it matters to it. Source: esp_rom_get_reset_reason."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    POWER_ON = "power-on"
    SOFTWARE = "software"
    DEEP_SLEEP = "deep sleep"
    PANIC = "panic"


class Pin(Enum):
    """The bootloader pin held for the whole hold time at a reset."""

    FACTORY_RESET = "factory_reset"
    TEST_APP = "test"


class SkipValidation(Enum):
    """When the bootloader loads an image without validation. The value is its name on the command line.

    Source: Kconfig BOOTLOADER_SKIP_VALIDATE_…"""

    ALWAYS = "always"
    """At every reset: this option selects the other two."""
    ON_POWER_ON = "on-power-on"
    IN_DEEP_SLEEP = "in-deep-sleep"


class Selector(Enum):
    """What keeps in otadata which image boots, in bootloader and application alike. The value is its name."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    ESP_IDF = "esp-idf"
    """ESP-IDF's own code: each record is rewritten in place."""
    BY_TURNS = "by-turns"
    """selector/DESIGN.md: one logical state, written whole into the sector that does not decide."""


@dataclass(frozen=True, slots=True)
class Config:
    """What decides the behaviour of bootloader and application, apart from what lies in flash and eFuse."""

    rollback: bool = False
    """CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE."""
    anti_rollback: bool = False
    """CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK; needs `rollback`, as in Kconfig."""
    skip_validate_in_deep_sleep: bool = False
    """CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP."""
    skip_validate_on_power_on: bool = False
    """CONFIG_BOOTLOADER_SKIP_VALIDATE_ON_POWER_ON."""
    skip_validate_always: bool = False
    """CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS."""
    app_release: Release = Release.V5_1
    """Release rules of the application; NodeMCU builds against 5.1."""
    bootloader_release: Release = Release.V5_1
    """Release rules of the bootloader."""
    app_version: IdfVersion | None = None
    """Version of the application, where its rules are not those that `app_release` was recorded of, or it is that of
    the bootloader and named there."""
    bootloader_version: IdfVersion | None = None
    """Version of the bootloader, in the same way."""
    chip: Chip = Chip.ESP32
    """CONFIG_IDF_TARGET."""
    chip_revision: int = 300
    """Revision of the silicon as major * 100 + minor: 300 is v3.0."""
    table_offset: int = 0x8000
    """CONFIG_PARTITION_TABLE_OFFSET in bytes."""
    table_md5: bool = True
    """CONFIG_PARTITION_TABLE_MD5."""
    secure_version_bits: int = 16
    """CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD."""
    factory_reset_list: str = ""
    """CONFIG_BOOTLOADER_DATA_FACTORY_RESET as it stands: labels of the data partitions to erase for its pin."""
    factory_reset_erases_otadata: bool = False
    """CONFIG_BOOTLOADER_OTA_DATA_ERASE."""
    updater: Updater = Updater.ESP_IDF
    """What brings updates in the application."""
    notes_in_place: bool = False
    """Bootloader and application have the patch that model/remedies.py calls note-in-place: no option of ESP-IDF."""
    selector: Selector = Selector.ESP_IDF
    """What keeps otadata: ESP-IDF's code, or the drop-in replacement of selector/."""

    def __hash__(self) -> int:
        """Go by what tells most configurations apart: what is looked up by one is looked up often."""
        versions = self.app_release, self.bootloader_release, self.app_version, self.bootloader_version
        return hash((self.rollback, self.anti_rollback, self.skip_validate_in_deep_sleep, self.chip, *versions))

    @property
    def updates(self) -> UpdaterTraits:
        """How the application brings updates."""
        return UPDATERS[self.updater]

    @property
    def accepts_at_start(self) -> bool:
        """What is on trial is accepted before the application does anything; without rollback there is no trial."""
        return self.rollback and self.updates.accepts_at_start

    @property
    def accepts_nothing(self) -> bool:
        """What it brings is never accepted: its library accepts what is on trial alone, and there is no trial."""
        return self.updates.accepts_at_start and not self.rollback

    def skipping(self, when: frozenset[SkipValidation]) -> "Config":
        """Return the configuration with these options alone, as Kconfig has it for a chip with RTC fast memory."""
        is_always = SkipValidation.ALWAYS in when
        return replace(
            self,
            skip_validate_always=is_always,
            skip_validate_on_power_on=is_always or SkipValidation.ON_POWER_ON in when,
            skip_validate_in_deep_sleep=is_always or SkipValidation.IN_DEEP_SLEEP in when,
        )

    @property
    def is_by_turns(self) -> bool:
        """Otadata is kept by turns."""
        return self.selector is Selector.BY_TURNS

    @property
    def app_point(self) -> IdfVersion:
        """The version whose rules the application follows, exactly."""
        return self.app_version or self.app_release.point

    @property
    def bootloader_point(self) -> IdfVersion:
        """The version whose rules the bootloader follows, exactly."""
        return self.bootloader_version or self.bootloader_release.point

    @property
    def app_name(self) -> str:
        """What users call the version of the application."""
        return release_name(self.app_point)

    @property
    def bootloader_name(self) -> str:
        """What users call the version of the bootloader."""
        return release_name(self.bootloader_point)

    @property
    def skipped_validation(self) -> tuple[SkipValidation, ...]:
        """Those of its options that skip validation."""
        is_on = {
            SkipValidation.ALWAYS: self.skip_validate_always,
            SkipValidation.ON_POWER_ON: self.skip_validate_on_power_on,
            SkipValidation.IN_DEEP_SLEEP: self.skip_validate_in_deep_sleep,
        }
        return tuple(option for option in SkipValidation if is_on[option])

    @property
    def factory_reset_labels(self) -> tuple[str, ...]:
        """The labels of the list, none of which has a comma or a blank inside."""
        return tuple(self.factory_reset_list.replace(",", " ").split())

    @property
    def factory_reset_clears_otadata(self) -> bool:
        """A factory reset erases otadata, by its own option or by its label."""
        return self.factory_reset_erases_otadata or "otadata" in self.factory_reset_labels

    def __post_init__(self) -> None:
        """Refuse combinations that Kconfig cannot produce."""
        if self.anti_rollback and not self.rollback:
            raise ValueError("anti-rollback needs rollback (CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE)")
        if not 1 <= self.secure_version_bits <= 32:
            raise ValueError(f"secure_version_bits is {self.secure_version_bits}, not in 1 … 32")
