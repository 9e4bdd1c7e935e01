/* A stub for the tests: the declarations of ESP-IDF that the code of remedies uses, as version 5.1 has them. */
#pragma once
#include "esp_err.h"

typedef struct {
    uint32_t ota_seq;
    uint8_t seq_label[20];
    uint32_t ota_state;
    uint32_t crc;
} esp_ota_select_entry_t;

uint32_t bootloader_common_ota_select_crc(const esp_ota_select_entry_t *s);
int bootloader_common_get_active_otadata(esp_ota_select_entry_t *two_otadata);
