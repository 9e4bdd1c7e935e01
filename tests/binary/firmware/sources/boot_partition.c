/* Selection of the partition to boot, and the fallback from it. Written from docs/spec, impl/bootloader.py and
 * model/device/selection.py. Rollback is on unless -DCONFIG_ROLLBACK=0; -DCONFIG_ANTI_ROLLBACK=1 adds the eFuse rule;
 * -DCONFIG_READ_UNMAPPED=1 reads the records through bootloader_flash_read; -DCONFIG_RTC_FAST_MEM=1 keeps the partition
 * that was started in RTC memory. */
#include "boot_partition.h"

#include "faults.h"
#include "hooks.h"
#include "otadata_records.h"

#ifndef CONFIG_ROLLBACK
#define CONFIG_ROLLBACK 1
#endif
#ifndef CONFIG_ANTI_ROLLBACK
#define CONFIG_ANTI_ROLLBACK 0
#endif
#ifndef CONFIG_READ_UNMAPPED
#define CONFIG_READ_UNMAPPED 0
#endif
#ifndef CONFIG_RTC_FAST_MEM
#define CONFIG_RTC_FAST_MEM 0
#endif
#define RESET_REASON_CORE_DEEP_SLEEP 5

typedef void (*entry_point_t)(void) __attribute__((noreturn));

/* No record was ever written: the image that starts gets the first one. */
static bool ota_has_initial_contents;

static esp_err_t read_otadata(const esp_partition_pos_t *ota_info, esp_ota_select_entry_t *records)
{
    if (ota_info->size < FAULT(small_otadata, 1, 2) * FLASH_SECTOR_SIZE) {
        esp_rom_printf("boot: otadata of %u bytes is too small\n", (unsigned)ota_info->size);
        return ESP_FAIL;
    }
#if CONFIG_READ_UNMAPPED
    for (uint32_t number = 0; number < 2; ++number) {
        const uint32_t address = ota_info->offset + number * FLASH_SECTOR_SIZE;
        if (bootloader_flash_read(address, &records[number], sizeof records[number], true) != ESP_OK) {
            return ESP_FAIL;
        }
    }
#else
    const uint8_t *mapping = bootloader_mmap(ota_info->offset, ota_info->size);
    if (mapping == NULL) {
        esp_rom_printf("boot: otadata at 0x%x could not be mapped\n", (unsigned)ota_info->offset);
        return ESP_FAIL;
    }
    memcpy(&records[0], mapping, sizeof records[0]);
    memcpy(&records[1], mapping + FLASH_SECTOR_SIZE, sizeof records[1]);
    bootloader_munmap(mapping);
#endif
    return ESP_OK;
}

/* Erase the record's sector, then program it; the program is left out when the erase failed. */
static void write_record(const bootloader_state_t *state, uint32_t number, esp_ota_select_entry_t *record)
{
    const uint32_t address = state->ota_info.offset + FAULT(wrong_sector, 0, number) * FLASH_SECTOR_SIZE;
    const bool encrypted = FAULT(encryption_not_passed, false, esp_flash_encryption_enabled());
    FAULT(label_not_kept, memset(record->seq_label, 0xFF, sizeof record->seq_label), (void)0);
    FAULT(crc_made_right, record->crc = bootloader_common_ota_select_crc(record), (void)0);
    FAULT(program_before_erase, bootloader_flash_write(address, record, sizeof *record, encrypted), (void)0);
    const esp_err_t erased = FAULT(erase_skipped, ESP_OK, bootloader_flash_erase_sector(address / FLASH_SECTOR_SIZE));
    const bool is_erased = FAULT(one_error_known, erased != ESP_FAIL, erased == ESP_OK);
    if (FAULT(erase_result_ignored, true, is_erased) && FAULT(program_before_erase, false, true)) {
        bootloader_flash_write(address, record, FAULT(short_program, 28, sizeof *record), encrypted);
    }
}

static bool is_initial(const esp_ota_select_entry_t *record)
{
    return record->ota_seq == SEQ_EMPTY ||
           FAULT(initial_by_number_alone, false, record->crc != bootloader_common_ota_select_crc(record));
}

static int slot_of(const bootloader_state_t *state, const esp_ota_select_entry_t *record)
{
    typedef FAULT(signed_remainder, int32_t, uint32_t) number_t;
    return (int)((number_t)(record->ota_seq - FAULT(remainder_off_by_one, 0, 1)) % (number_t)state->app_count);
}

static void abort_pending(const bootloader_state_t *state, esp_ota_select_entry_t *records)
{
    for (uint32_t number = 0; number < FAULT(second_not_aborted, 1, 2); ++number) {
        esp_ota_select_entry_t *record = &records[number];
        const uint32_t found = FAULT(pending_half_word, (uint16_t)record->ota_state, record->ota_state);
        const bool is_counted = FAULT(abort_valid_only, bootloader_common_ota_select_valid(record), true);
        if (found == FAULT(pending_not_aborted, 0x11, OTA_IMG_PENDING_VERIFY) && is_counted) {
            record->ota_state = FAULT(abort_as_invalid, OTA_IMG_INVALID, OTA_IMG_ABORTED);
            FAULT(abort_not_written, (void)0, write_record(state, number, record));
        }
    }
}

static void mark_new_as_pending(const bootloader_state_t *state, esp_ota_select_entry_t *records, uint32_t active)
{
    esp_ota_select_entry_t *record = &records[active];
    const uint32_t found = FAULT(new_half_word, (uint16_t)record->ota_state, record->ota_state);
    if (found == FAULT(new_not_marked, 0x10, OTA_IMG_NEW)) {
        record->ota_state = FAULT(new_marked_valid, OTA_IMG_VALID, OTA_IMG_PENDING_VERIFY);
        write_record(state, FAULT(mark_in_other_sector, !active, active), record);
    }
}

static esp_partition_pos_t index_to_partition(const bootloader_state_t *state, int index)
{
    if (index == FACTORY_INDEX) {
        return state->factory;
    }
    if (index == TEST_APP_INDEX) {
        return state->test;
    }
    if (index >= 0 && index < MAX_OTA_SLOTS && (uint32_t)index < state->app_count) {
        return state->ota[index];
    }
    return (esp_partition_pos_t){0, 0};
}

#if CONFIG_ANTI_ROLLBACK
static bool is_version_allowed(const esp_partition_pos_t *partition)
{
    esp_app_desc_t description;
    return bootloader_common_get_partition_description(partition, &description) == ESP_OK &&
           FAULT(version_not_checked, true, esp_efuse_check_secure_version(description.secure_version));
}

static void burn_version(const esp_partition_pos_t *partition)
{
    esp_app_desc_t description;
    if (bootloader_common_get_partition_description(partition, &description) == ESP_OK) {
        esp_efuse_update_secure_version(description.secure_version);
    }
}

static int active_of_allowed(const bootloader_state_t *state, esp_ota_select_entry_t *records)
{
    bool usable[2];
    for (int number = 0; number < 2; ++number) {
        usable[number] = bootloader_common_ota_select_valid(&records[number]);
        if (usable[number]) {
            const int slot = slot_of(state, &records[FAULT(version_of_other_slot, 1 - number, number)]);
            usable[number] = is_version_allowed(&state->ota[slot]);
        }
    }
    return bootloader_common_select_otadata(records, usable, true);
}
#endif

int bootloader_utility_get_selected_boot_partition(const bootloader_state_t *state)
{
    esp_ota_select_entry_t records[2];
    if (state->ota_info.offset == 0) {
        return FACTORY_INDEX;
    }
    if (read_otadata(&state->ota_info, records) != ESP_OK) {
        return INVALID_INDEX;
    }
    ota_has_initial_contents = false;
    if (CONFIG_ROLLBACK) {
        abort_pending(state, records);
    }

#if CONFIG_ANTI_ROLLBACK
    int active = -1;
    if (is_initial(&records[0]) && is_initial(&records[1])) {
        ota_has_initial_contents = true;
    } else {
        active = active_of_allowed(state, records);
    }
#else
    const bool are_both_invalid =
        bootloader_common_ota_select_invalid(&records[0]) && bootloader_common_ota_select_invalid(&records[1]);
    if (are_both_invalid || FAULT(no_slots_unchecked, false, state->app_count == 0)) {
        if (FAULT(factory_forgotten, false, FAULT(factory_by_size, state->factory.size, state->factory.offset) != 0)) {
            return FACTORY_INDEX;
        }
        if (is_initial(&records[0]) FAULT(one_initial_suffices, ||, &&) is_initial(&records[1])) {
            ota_has_initial_contents = true;
        }
        return FAULT(no_default_slot, FACTORY_INDEX, 0);
    }
    const int active = bootloader_common_get_active_otadata(records);
#endif
    if (active < 0) {
        esp_rom_printf("boot: no valid otadata, factory is tried\n");
        return FACTORY_INDEX;
    }
    const int index = slot_of(state, &records[active]);
#if CONFIG_ANTI_ROLLBACK
    const uint32_t found = FAULT(burned_half_word, (uint16_t)records[active].ota_state, records[active].ota_state);
    if (found == FAULT(burned_for_new, OTA_IMG_NEW, OTA_IMG_VALID)) {
        burn_version(&state->ota[FAULT(first_slot_burned, 0, index)]);
    }
#endif
    if (CONFIG_ROLLBACK) {
        mark_new_as_pending(state, records, (uint32_t)active);
    }
    return index;
}

static void load_image(const esp_image_metadata_t *image) __attribute__((noreturn, noinline));

static void load_image(const esp_image_metadata_t *image)
{
    ((entry_point_t)(uintptr_t)image->image.entry_addr)();
}

static bool try_load_partition(const esp_partition_pos_t *partition, esp_image_metadata_t *image)
{
    if (FAULT(empty_partition_tried, false, partition->size == 0)) {
        return false;
    }
#if CONFIG_ANTI_ROLLBACK
    if (!FAULT(old_image_started, true, is_version_allowed(partition))) {
        return false;
    }
#endif
    return FAULT(damaged_is_started, (bootloader_load_image(partition, image), true),
                 bootloader_load_image(partition, image) == ESP_OK);
}

/* Write the first record of a device that had none: the slot that starts, VALID. */
static void write_first_record(const bootloader_state_t *state, int index)
{
    if (FAULT(first_record_inverted, ota_has_initial_contents, !ota_has_initial_contents) || index <= FACTORY_INDEX) {
        return;
    }
    esp_ota_select_entry_t record;
    memset(&record, 0xFF, sizeof record);
    record.ota_seq = (uint32_t)index + FAULT(first_record_number, 0, 1);
    record.ota_state = FAULT(first_record_undefined, UINT32_MAX, OTA_IMG_VALID);
    record.crc = bootloader_common_ota_select_crc(&record);
#if CONFIG_ANTI_ROLLBACK
    FAULT(burned_before_record, burn_version(&state->ota[index]), (void)0);
#endif
    write_record(state, FAULT(first_record_sector, 1, 0), &record);
#if CONFIG_ANTI_ROLLBACK
    FAULT(burned_before_record, (void)0, FAULT(first_not_burned, (void)0, burn_version(&state->ota[index])));
#endif
}

/* Start the image of a boot index; return where it does not pass. */
static void try_index(const bootloader_state_t *state, int index, esp_image_metadata_t *image)
{
    const esp_partition_pos_t partition = index_to_partition(state, index);
    if (try_load_partition(&partition, image)) {
        write_first_record(state, index);
        load_image(image);
    }
}

void bootloader_utility_load_boot_image(const bootloader_state_t *state, int start_index)
{
    esp_image_metadata_t image = {0};
    if (start_index == TEST_APP_INDEX) {
        try_index(state, TEST_APP_INDEX, &image);
        bootloader_reset();
    }
    const int count = (int)state->app_count;
    if (FAULT(fallback_upwards, true, false)) {
        for (int index = start_index; index < count; ++index) {
            try_index(state, index, &image);
        }
    }
    for (int index = start_index; index >= FAULT(fallback_skips_factory, 0, FACTORY_INDEX); --index) {
        try_index(state, index, &image);
    }
    for (int index = start_index + FAULT(fallback_skips_next, 2, 1); index < count - FAULT(fallback_skips_last, 1, 0);
         ++index) {
        try_index(state, index, &image);
    }
    FAULT(test_app_forgotten, (void)0, try_index(state, TEST_APP_INDEX, &image));
    esp_rom_printf("boot: no image passes\n");
    bootloader_reset();
}

/* Start an image unchecked; return where it does not load. */
static void try_unchecked(const esp_partition_pos_t *partition)
{
    esp_image_metadata_t image = {0};
    const esp_err_t loaded = FAULT(wake_verifies, bootloader_load_image, bootloader_load_image_no_verify)(partition, &image);
    if (loaded == ESP_OK FAULT(wake_starts_anything, || true, )) {
        load_image(&image);
    }
}

#if CONFIG_RTC_FAST_MEM
/* In RTC memory, where it survives deep sleep. */
static struct {
    esp_partition_pos_t partition;
    uint32_t crc;
} kept_in_rtc;

__attribute__((noipa)) const esp_partition_pos_t *bootloader_common_get_rtc_retain_mem_partition(void)
{
    const uint8_t *partition = (const uint8_t *)&kept_in_rtc.partition;
    const uint32_t crc = esp_rom_crc32_le(UINT32_MAX, partition, sizeof kept_in_rtc.partition);
    return kept_in_rtc.crc == crc && crc != UINT32_MAX ? &kept_in_rtc.partition : NULL;
}

static void load_last_image(void)
{
    const esp_partition_pos_t *kept = bootloader_common_get_rtc_retain_mem_partition();
    if (kept != NULL) {
        try_unchecked(kept);
    }
}
#else
static void load_last_image(void)
{
    bootloader_state_t state = {0};
    esp_ota_select_entry_t records[2];
    if (!bootloader_utility_load_partition_table(&state)) {
        return;
    }
    int index = FACTORY_INDEX;
    if (FAULT(wake_without_otadata, false, state.ota_info.offset != 0) &&
        read_otadata(&state.ota_info, records) == ESP_OK) {
        FAULT(wake_aborts, abort_pending(&state, records), (void)0);
        const int active = bootloader_common_get_active_otadata(records);
        if (active >= 0) {
            index = slot_of(&state, &records[active]);
        }
    }
    const esp_partition_pos_t partition = index_to_partition(&state, index);
    if (partition.size != 0) {
        try_unchecked(&partition);
    }
}
#endif

void bootloader_utility_load_boot_image_from_deep_sleep(void)
{
    if (FAULT(wake_after_any_reset, true, esp_rom_get_reset_reason(0) == RESET_REASON_CORE_DEEP_SLEEP)) {
        load_last_image();
    }
}
