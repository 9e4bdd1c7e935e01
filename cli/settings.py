"""From the options that somebody wrote to the configuration that the model and the board take.

Every value that matters is answered here, once, and each answer is kept together with where it comes from:
a line of a file, an argument of the command line, or an assumption and its reason. So a report can say which
values it rests on, and a reader can see at a glance which of them nobody chose.

Defaults, ranges and dependencies are those of ESP-IDF's Kconfig files. Where Kconfig drops a value in
silence (a word where y or n belongs, anti-rollback without rollback), this raises InputError: the device
would not be what its owner believes it is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..campaign.input_error import InputError
from ..model.config import Chip, Config, Pin, Release
from .sdkconfig import Option, Sdkconfig

SECTOR_SIZE = 0x1000
MEBIBYTE = 0x100000
FLASH_SIZES_MB = (1, 2, 4, 8, 16, 32, 64, 128)
"""The sizes of chips that ESP-IDF knows."""
TABLE_CHOICES = (
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
"""The members of Kconfig's choice PARTITION_TABLE_TYPE, without CONFIG_PARTITION_TABLE_."""

KCONFIG_DEFAULT = "Kconfig's default"
_KCONFIG_RELEASE = Config().app_release
_SECURE_VERSION_BITS = {Chip.ESP32: 32, Chip.ESP32C2: 4, Chip.ESP32C5: 9}
_SECURE_VERSION_BITS_ELSEWHERE = 16
_NOT_MODELLED = {
    "SECURE_BOOT": "signatures are not checked, all images count as signed",
    "SECURE_BOOT_V1_ENABLED": "signatures are not checked, all images count as signed",
    "SECURE_BOOT_V2_ENABLED": "signatures are not checked, all images count as signed",
    "SECURE_SIGNED_APPS_NO_SECURE_BOOT": "signatures are not checked, all images count as signed",
    "SECURE_FLASH_ENC_ENABLED": "flash holds plain text",
    "SECURE_ENABLE_TEE": "the slots and the otadata of the TEE are left out",
    "BOOTLOADER_RECOVERY_ENABLE": "the recovery bootloader is left out",
    "EFUSE_VIRTUAL": "eFuses are taken to be real",
    "BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE": "the secure version is taken to be in real eFuses",
}
"""Options that change what a device does but not what happens here, with what is assumed instead."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from."""

    text: str
    """File and line, the argument, or the reason for the assumption."""
    assumed: bool = False
    """Whether nobody chose the value."""

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"assumed: {self.text}" if self.assumed else self.text


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that the result depends on."""

    name: str
    """CONFIG_… for an option, words for anything else."""
    value: str
    """As a person would write it."""
    origin: Origin


@dataclass(frozen=True, slots=True)
class TableChoice:
    """Which partition table the project asks for."""

    builtin: str | None
    """A member of TABLE_CHOICES other than CUSTOM; None for a table of the project's own."""
    filename: str
    """The project's own CSV, relative to the project; "" for a built-in table."""
    coredump: bool
    """Whether core dumps go to flash, which adds a partition to most built-in tables."""
    origin: Origin


@dataclass(frozen=True, slots=True)
class Settings:
    """All that options decide."""

    config: Config
    flash_size: int
    """Bytes."""
    table: TableChoice
    pins: tuple[Pin, ...]
    """The bootloader pins that this build looks at."""
    settings: tuple[Setting, ...]
    """Every value with its origin, in the order of asking."""
    not_modelled: tuple[Setting, ...]
    """Options that are on and have no effect here; the value tells what is assumed instead."""


@dataclass(frozen=True, slots=True)
class ReleaseHints:
    """What tells of the ESP-IDF release, best first; what names no release is passed over."""

    app: tuple[Option, ...] = ()
    bootloader: tuple[Option, ...] = ()


def read_settings(sdkconfig: Sdkconfig, hints: ReleaseHints | None = None) -> Settings:
    """Return the meaning of `sdkconfig`.

    Raises InputError, naming the line, for a value that the option does not take and for values that
    contradict each other.
    """
    hints = hints or ReleaseHints()
    answers = _Answers(sdkconfig.options)
    chip = read_chip(answers)
    rollback, anti_rollback = _read_rollback(answers)
    in_deep_sleep, on_power_on, always = _read_skip_validate(answers, chip)
    pins, reset_labels, reset_erases_otadata = _read_pins(answers, anti_rollback)
    config = Config(
        rollback=rollback,
        anti_rollback=anti_rollback,
        skip_validate_in_deep_sleep=in_deep_sleep,
        skip_validate_on_power_on=on_power_on,
        skip_validate_always=always,
        app_release=_read_release(answers, "application", hints.app, sdkconfig),
        bootloader_release=_read_release(answers, "bootloader", hints.bootloader, sdkconfig),
        chip=chip,
        chip_revision=_read_chip_revision(answers, chip),
        table_offset=_read_table_offset(answers),
        table_md5=_read_table_md5(answers),
        secure_version_bits=_read_secure_version_bits(answers, chip, anti_rollback),
        factory_reset_labels=reset_labels,
        factory_reset_erases_otadata=reset_erases_otadata,
    )
    return Settings(
        config=config,
        flash_size=_read_flash_size(answers),
        table=_read_table_choice(answers),
        pins=pins,
        settings=tuple(answers.given),
        not_modelled=_read_not_modelled(answers),
    )


def target_of(sdkconfig: Sdkconfig) -> Chip:
    """Return the chip that CONFIG_IDF_TARGET names, or ESP-IDF's own default."""
    return read_chip(_Answers(sdkconfig.options))


class _Answers:
    """Answers questions about options, and keeps every answer for the report."""

    def __init__(self, options: Mapping[str, Option]) -> None:
        self.options = options
        self.given: list[Setting] = []

    def switch(self, name: str, default: bool = False) -> bool:
        """Return whether a switch is on, and note it."""
        value, origin = self.quiet_switch(name, default)
        self.note(f"CONFIG_{name}", "y" if value else "n", origin)
        return value

    def quiet_switch(self, name: str, default: bool = False) -> tuple[bool, Origin]:
        """Return whether a switch is on, and who says so."""
        option = self.options.get(name)
        if option is None:
            return default, Origin(KCONFIG_DEFAULT, assumed=True)
        if option.raw not in ("y", "n"):
            raise _refusal(option, "y or n")
        return option.raw == "y", Origin(option.place)

    def number(self, name: str, base: int) -> tuple[int, Option] | None:
        """Return a number and the option it is from; base 16 takes digits with and without 0x."""
        option = self.options.get(name)
        if option is None:
            return None
        try:
            return int(option.raw, base), option
        except ValueError:
            wanted = "a hexadecimal number such as 0x8000" if base == 16 else "a whole number"
            raise _refusal(option, wanted) from None

    def text(self, name: str) -> tuple[str, Option] | None:
        """Return a string without its quotes, and the option it is from."""
        option = self.options.get(name)
        if option is None:
            return None
        if len(option.raw) < 2 or option.raw[0] != '"':
            raise _refusal(option, "text in double quotes")
        return re.sub(r"\\(.)", r"\1", option.raw[1:-1]), option

    def chosen(self, names: Iterable[str]) -> Option | None:
        """Return the member of a choice that is on: the one switched on last, if any.

        What a file calls a default counts only where nobody chose.
        """
        members = set(names)
        on = [
            option
            for option in self.options.values()
            if option.name in members and self.quiet_switch(option.name)[0]
        ]
        return max(on, key=lambda option: not option.is_default) if len(on) < 2 else _last_chosen(on)

    def note(self, name: str, value: str, origin: Origin) -> None:
        """Keep one answer."""
        self.given.append(Setting(name, value, origin))


def _last_chosen(on: list[Option]) -> Option:
    return next((option for option in reversed(on) if not option.is_default), on[-1])
