"""ESP-IDF's error codes, and the error that carries one. Source: esp_err.h, esp_ota_ops.h, esp_image_format.h."""

from enum import IntEnum


class EspErr(IntEnum):
    """`esp_err_t` values, with the prefix ESP_ERR_ dropped (`code_name` restores it)."""

    OK = 0
    FAIL = -1
    NO_MEM = 0x101
    INVALID_ARG = 0x102
    INVALID_STATE = 0x103
    INVALID_SIZE = 0x104
    NOT_FOUND = 0x105
    NOT_SUPPORTED = 0x106
    INVALID_VERSION = 0x10A
    NOT_ALLOWED = 0x10D
    OTA_PARTITION_CONFLICT = 0x1501
    OTA_SELECT_INFO_INVALID = 0x1502
    OTA_VALIDATE_FAILED = 0x1503
    OTA_SMALL_SEC_VER = 0x1504
    OTA_ROLLBACK_FAILED = 0x1505
    OTA_ROLLBACK_INVALID_STATE = 0x1506
    OTA_ALREADY_IN_PROGRESS = 0x1507
    OTA_SPI_MODE_MISMATCH = 0x1508
    IMAGE_FLASH_FAIL = 0x2001
    IMAGE_INVALID = 0x2002
    FLASH_OP_FAIL = 0x6001

    @property
    def code_name(self) -> str:
        """The C name: ESP_OK, ESP_FAIL or ESP_ERR_…"""
        return f"ESP_{self.name}" if self in (EspErr.OK, EspErr.FAIL) else f"ESP_ERR_{self.name}"


class OtaError(Exception):
    """A call returned an esp_err_t other than ESP_OK: behaviour that ESP-IDF documents, not a bug here."""

    def __init__(self, code: EspErr, handle: int | None = None) -> None:
        """Carry the code and, where the call stored one all the same, the handle it gave out."""
        super().__init__(code.code_name)
        self.code = code
        self.handle = handle
