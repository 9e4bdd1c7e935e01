"""What the calls of `otaupgrade` stand for in ESP-IDF: one table for every report and page."""

CALL_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "commence": ("esp_ota_begin",),
    "write": ("esp_ota_write",),
    "complete": ("esp_ota_end", "esp_ota_set_boot_partition"),
    "accept": ("esp_ota_mark_app_valid_cancel_rollback",),
    "rollback": ("esp_ota_mark_app_invalid_rollback_and_reboot",),
    "info": ("esp_ota_get_running_partition", "esp_ota_get_boot_partition", "esp_ota_get_state_partition"),
}
"""By the name of the call, the functions that do its work."""

ESP_IDF_FUNCTIONS: dict[str, str] = {
    "set_boot": "esp_ota_set_boot_partition",
    "resume": "esp_ota_resume",
    "abort": "esp_ota_abort",
    "write_at": "esp_ota_write_with_offset",
    "erase_last_boot": "esp_ota_erase_last_boot_app_partition",
}
"""By the name of a step, the function of ESP-IDF that an application calls itself, beside otaupgrade."""

CALLS_TEXT = "Calls: " + "; ".join(f"{name}() = {' + '.join(functions)}" for name, functions in CALL_FUNCTIONS.items())
"""The table in one line."""
