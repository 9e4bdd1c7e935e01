"""What the calls of `otaupgrade` stand for: one table for every report and page."""

from .writers import UPDATERS, Updater

CALL_FUNCTIONS = UPDATERS[Updater.ESP_IDF].functions
"""By the name of the call, the functions that do its work."""

ESP_IDF_FUNCTIONS: dict[str, str] = {
    "set_boot": "esp_ota_set_boot_partition",
    "resume": "esp_ota_resume",
    "abort": "esp_ota_abort",
    "write_at": "esp_ota_write_with_offset",
    "erase_last_boot": "esp_ota_erase_last_boot_app_partition",
}
"""By the name of a step, the function of ESP-IDF that an application calls itself, beside otaupgrade."""


def calls_text(updater: Updater) -> str:
    """Return in one line what the calls stand for in an updater."""
    functions = UPDATERS[updater].functions
    return "Calls: " + "; ".join(f"{name}() = {' + '.join(functions[name])}" for name in CALL_FUNCTIONS)


CALLS_TEXT = calls_text(Updater.ESP_IDF)
"""The table in one line."""
