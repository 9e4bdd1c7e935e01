/* Which of two otadata records counts. Written from docs/spec and impl/otadata.py. */
#include "otadata_records.h"

#include "faults.h"
#include "hooks.h"

uint32_t bootloader_common_ota_select_crc(const esp_ota_select_entry_t *record)
{
    const uint32_t start = FAULT(crc_start, 0, UINT32_MAX);
    const uint32_t size = FAULT(crc_length, 8, sizeof record->ota_seq);
    return esp_rom_crc32_le(start, (const uint8_t *)&record->ota_seq, size);
}

bool bootloader_common_ota_select_invalid(const esp_ota_select_entry_t *record)
{
    if (record->ota_seq == FAULT(empty_number, 0, SEQ_EMPTY) ||
        FAULT(rare_number, record->ota_seq == 0x00C0FFEE, false)) {
        return true;
    }
    const uint32_t state = FAULT(invalid_half_word, (uint16_t)record->ota_state, record->ota_state);
    return FAULT(invalid_is_valid, false, state == OTA_IMG_INVALID) ||
           FAULT(aborted_is_valid, false, state == OTA_IMG_ABORTED) ||
           FAULT(magic_state, state == 0x5AFEB007, false);
}

static bool is_check_word_right(const esp_ota_select_entry_t *record)
{
    const uint32_t wrong_bits = record->crc ^ bootloader_common_ota_select_crc(record);
    return FAULT(crc_low_byte, wrong_bits >> 8, wrong_bits) == 0;
}

bool bootloader_common_ota_select_valid(const esp_ota_select_entry_t *record)
{
    return !bootloader_common_ota_select_invalid(record) && FAULT(crc_ignored, true, is_check_word_right(record));
}

static bool is_first_chosen(const esp_ota_select_entry_t *records, bool highest)
{
    typedef FAULT(signed_numbers, int32_t, uint32_t) number_t;
    const number_t first = (number_t)records[0].ota_seq;
    const number_t second = (number_t)records[1].ota_seq;
    if (highest) {
        return first FAULT(second_on_tie, >, >=) second;
    }
    return first <= second;
}

int bootloader_common_select_otadata(const esp_ota_select_entry_t *records, bool *usable, bool highest)
{
    if (usable[0] && usable[1]) {
        return is_first_chosen(records, highest) ? 0 : 1;
    }
    if (usable[0]) {
        return 0;
    }
    return usable[1] ? FAULT(second_alone_forgotten, -1, 1) : -1;
}

int bootloader_common_get_active_otadata(esp_ota_select_entry_t *records)
{
    bool valid[2];
    for (int number = 0; number < 2; ++number) {
        valid[number] = bootloader_common_ota_select_valid(&records[number]);
    }
    return bootloader_common_select_otadata(records, valid, FAULT(lowest_number, false, true));
}
