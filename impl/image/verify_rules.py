"""What verifying an image depends on beside its bytes, what it comes to, and whether the image fits the chip."""

from dataclasses import dataclass
from enum import Enum

from ...model.config import Chip, Config
from ...model.idf_version import IdfVersion
from ..chip.chips import CHIPS
from ..esp_err import EspErr
from ..release_rules import (
    ASSERTS_DESCRIPTION,
    HEEDS_HIGHEST_REVISION,
    KNOWS_BOOTLOADER_IMAGES,
    READS_FULL_REVISION,
)
from .format import ImageHeader

_ANY_REVISION = (0, 0xFFFF)


class VerifyMode(Enum):
    """Who verifies, and how much."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    APP = "application"
    """esp_image_verify in the application: everything, nothing is loaded."""
    BOOTLOADER_LOAD = "bootloader"
    """The bootloader loads and verifies."""
    BOOTLOADER_LOAD_NO_VALIDATE = "bootloader, no validation"
    """The bootloader loads as CONFIG_BOOTLOADER_SKIP_VALIDATE_* has it: headers alone."""


class ImageInvalid(Exception):
    """The image does not pass; `reason` says what is wrong and where, in one line."""

    def __init__(self, code: EspErr, reason: str) -> None:
        """Carry the esp_err_t of the verification and the reason."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Verification(Enum):
    """What verification comes to, as far as its caller can see."""

    PASSES = "passes"
    FAILS = "fails"
    PANICS = "panics"
    """An assertion of the C code fails."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the decision depends on, beside the bytes."""

    mode: VerifyMode
    release: IdfVersion
    chip: Chip
    chip_revision: int
    anti_rollback: bool
    secure_version: int
    """In the eFuse; matters to a bootloader with anti-rollback that asserts the description."""
    is_bootloader: bool = False
    """The image lies where a bootloader is taken to lie: it has no description, and a hash of it is not compared,
    since esptool may have changed its header. Source: is_bootloader."""
    is_wake_up: bool = False
    """The chip wakes up from deep sleep: segments for RTC memory are not loaded, since it holds them still."""

    def __hash__(self) -> int:
        """Go by what tells the rules of one device apart, mostly."""
        return hash((self.mode, self.release, self.secure_version, self.is_wake_up))

    @property
    def validates(self) -> bool:
        """Whether checksum and hash are checked."""
        return self.mode is not VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE

    @property
    def loads(self) -> bool:
        """Whether segments are loaded to RAM."""
        return self.mode is not VerifyMode.APP

    @property
    def asserts_description(self) -> bool:
        """Whether data of segment 0 is taken for a description, asserting its magic word."""
        return self.anti_rollback and ASSERTS_DESCRIPTION.holds_in(self.release)


def rules_of(
    config: Config,
    mode: VerifyMode,
    secure_version: int = 0,
    is_bootloader: bool = False,
    is_wake_up: bool = False,
) -> Rules:
    """Return the rules that a configuration makes for one who verifies an application."""
    release = config.app_point if mode is VerifyMode.APP else config.bootloader_point
    chip, revision, anti_rollback = config.chip, config.chip_revision, config.anti_rollback
    return Rules(mode, release, chip, revision, anti_rollback, secure_version, is_bootloader, is_wake_up)


def check_chip(header: ImageHeader, rules: Rules) -> None:
    """Raise ImageInvalid for an image of another chip, or of another revision of this one.

    Source: bootloader_common_check_chip_validity."""
    if header.chip_id != CHIPS[rules.chip].chip_id:
        names = {traits.chip_id: chip.value for chip, traits in CHIPS.items()}
        found = names.get(header.chip_id, f"chip id {header.chip_id}")
        raise ImageInvalid(EspErr.FAIL, f"bytes 12-13: the image is for {found}, not for {rules.chip.value}")
    if READS_FULL_REVISION.holds_in(rules.release):
        revision, least = rules.chip_revision, header.min_chip_rev_full
    else:
        revision, least = _revisions_of_4_4(rules.chip, rules.chip_revision, header.min_chip_rev)
    highest = header.max_chip_rev_full if HEEDS_HIGHEST_REVISION.holds_in(rules.release) else 0
    if rules.is_bootloader and KNOWS_BOOTLOADER_IMAGES.holds_in(rules.release):
        highest = 0
    if revision < least:
        raise ImageInvalid(
            EspErr.FAIL, f"the image wants chip revision {_rev(least)} or newer, this is {_rev(revision)}"
        )
    if highest not in _ANY_REVISION and revision > highest:
        raise ImageInvalid(
            EspErr.FAIL, f"the image wants chip revision {_rev(highest)} or older, this is {_rev(revision)}"
        )


def _revisions_of_4_4(chip: Chip, revision: int, least: int) -> tuple[int, int]:
    """Return what 4.4 takes for the chip's revision and the least one: a single number.

    It is the major revision of an ESP32, the minor one of an ESP32-C3; the other chips had none yet."""
    if chip is Chip.ESP32:
        return revision // 100 * 100, least * 100
    return revision % 100 if chip is Chip.ESP32C3 else 0, least


def _rev(revision: int) -> str:
    return f"v{revision // 100}.{revision % 100}"
