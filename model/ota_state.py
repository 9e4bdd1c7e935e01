"""The states of an OTA image, as ESP-IDF stores them and as NodeMCU's otaupgrade.info() names them."""

from enum import IntEnum


class OtaImgState(IntEnum):
    """`ota_state` of an otadata entry. Source: esp_flash_partitions.h esp_ota_img_states_t."""

    NEW = 0
    """Marked for boot, not started yet; the bootloader makes it PENDING_VERIFY as it starts it."""
    PENDING_VERIFY = 1
    """Started once, not accepted yet; the next boot turns it into ABORTED."""
    VALID = 2
    """Accepted (or provisioned by the bootloader on its very first boot)."""
    INVALID = 3
    """Refused by the application itself; never selected, though the fallback may still start it."""
    ABORTED = 4
    """Was not accepted before a reset; never selected, though the fallback may still start it."""
    UNDEFINED = 0xFFFFFFFF
    """Written by a build without rollback; selected without limits."""


API_NAMES: dict[OtaImgState, str] = {
    OtaImgState.NEW: "new",
    OtaImgState.PENDING_VERIFY: "testing",
    OtaImgState.VALID: "valid",
    OtaImgState.INVALID: "invalid",
    OtaImgState.ABORTED: "aborted",
    OtaImgState.UNDEFINED: "undefined",
}
"""The `state` strings of otaupgrade.info(). Source: NodeMCU otaupgrade.c lotaupgrade_info."""


def api_name(ota_state: int) -> str:
    """Return the `state` string of otaupgrade.info(); any unknown word (0 … 0xFFFFFFFF) reads "undefined"."""
    try:
        return API_NAMES[OtaImgState(ota_state)]
    except ValueError:
        return API_NAMES[OtaImgState.UNDEFINED]


def state_name(word: int) -> str:
    """Return the name of a state word; one that has none reads as UNDEFINED."""
    try:
        return OtaImgState(word).name
    except ValueError:
        return f"0x{word:08x}"
