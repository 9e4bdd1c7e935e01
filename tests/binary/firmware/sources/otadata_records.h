/* Reading of otadata records. */
#pragma once

#include "esp_types.h"

uint32_t bootloader_common_ota_select_crc(const esp_ota_select_entry_t *record);
bool bootloader_common_ota_select_invalid(const esp_ota_select_entry_t *record);
bool bootloader_common_ota_select_valid(const esp_ota_select_entry_t *record);

/* Return which of the usable records has the highest (else the lowest) number, record 0 of equal ones; -1 without one. */
int bootloader_common_select_otadata(const esp_ota_select_entry_t *records, bool *usable, bool highest);

/* Return which record names the image to boot; -1 without a valid one. */
int bootloader_common_get_active_otadata(esp_ota_select_entry_t *records);
