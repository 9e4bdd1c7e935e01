/* The calls of an application that read and rewrite otadata. Written from docs/spec and impl/app/esp_ota_select.py.
 * Rollback is on unless -DCONFIG_ROLLBACK=0; -DCONFIG_SAME_SLOT_IN_PLACE=1 has the rule of 6.0 and later;
 * -DCONFIG_ANTI_ROLLBACK=1 looks at secure versions, and with -DCONFIG_BURN_LINKED=1 burns as releases before 5.1. */
#include "esp_ota_calls.h"

#include "faults.h"
#include "hooks.h"
#include "otadata_records.h"

#ifndef CONFIG_ROLLBACK
#define CONFIG_ROLLBACK 1
#endif
#ifndef CONFIG_SAME_SLOT_IN_PLACE
#define CONFIG_SAME_SLOT_IN_PLACE 0
#endif
#ifndef CONFIG_ANTI_ROLLBACK
#define CONFIG_ANTI_ROLLBACK 0
#endif
#ifndef CONFIG_BURN_LINKED
#define CONFIG_BURN_LINKED 0
#endif

static const esp_partition_t *find_otadata(void)
{
    return esp_partition_find_first(TYPE_DATA, DATA_OTA, NULL);
}

static const esp_partition_t *read_otadata(esp_ota_select_entry_t *records)
{
    const void *mapping = NULL;
    uint32_t handle;
    const esp_partition_t *otadata = find_otadata();
    if (otadata == NULL || esp_partition_mmap(otadata, 0, otadata->size, 0, &mapping, &handle) != ESP_OK) {
        return NULL;
    }
    memcpy(&records[0], mapping, sizeof records[0]);
    memcpy(&records[1], (const uint8_t *)mapping + FLASH_SECTOR_SIZE, sizeof records[1]);
    esp_partition_munmap(handle);
    return otadata;
}

/* Not inlined: a caller that counts by itself has 17 times the paths. */
__attribute__((noinline)) uint8_t esp_ota_get_app_partition_count(void)
{
    uint16_t count = 0;
    while (esp_partition_find_first(TYPE_APP, APP_OTA + count, NULL) != NULL) {
        if (count >= MAX_OTA_SLOTS) {
            FAULT(seventeen_slots, return MAX_OTA_SLOTS, abort());
        }
        ++count;
    }
    return (uint8_t)(count & FAULT(sixteen_are_none, 0x0F, 0xFF));
}

static esp_err_t rewrite_record(const esp_partition_t *otadata, esp_ota_select_entry_t *records, uint32_t seq, int number)
{
    esp_ota_select_entry_t *record = &records[number];
    const size_t offset = (size_t)number * FLASH_SECTOR_SIZE;
    record->ota_seq = seq;
    FAULT(old_check_word, (void)0, record->crc = bootloader_common_ota_select_crc(record));
    FAULT(label_erased, memset(record->seq_label, 0xFF, sizeof record->seq_label), (void)0);
    const esp_err_t erased = esp_partition_erase_range(otadata, offset, FLASH_SECTOR_SIZE);
    if (FAULT(erase_fails_unseen, false, erased != ESP_OK)) {
        return erased;
    }
    const esp_err_t written = esp_partition_write(otadata, offset, record, FAULT(record_cut_short, 28, sizeof *record));
    return FAULT(write_fails_unseen, ESP_OK, written);
}

static bool is_image_right(const esp_partition_t *partition)
{
    esp_image_metadata_t data;
    const esp_partition_pos_t place = {partition->address, partition->size};
    return esp_image_verify(ESP_IMAGE_VERIFY, &place, &data) == ESP_OK;
}

/* Count up from the lowest number that names the slot until it is not below the current one. */
static uint32_t next_number(uint32_t current, uint32_t slot, uint32_t count)
{
    typedef FAULT(signed_search, int32_t, uint32_t) number_t;
    uint32_t turn = FAULT(first_number_skipped, 1, 0);
    while ((number_t)current FAULT(number_must_grow, >=, >) (number_t)((slot + 1) % count + turn * count)) {
        turn += FAULT(every_second_number, 2, 1);
    }
    return (slot + FAULT(slot_off_by_one, 0, 1)) % count + turn * count;
}

static esp_err_t esp_rewrite_ota_data(int subtype)
{
    esp_ota_select_entry_t records[2];
    const esp_partition_t *otadata = read_otadata(records);
    if (otadata == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    const uint32_t count = esp_ota_get_app_partition_count();
    const uint32_t slot = (uint32_t)subtype & FAULT(slot_by_three_bits, 0x07, SLOT_MASK);
    if (slot FAULT(one_slot_too_many, >, >=) count) {
        return ESP_ERR_INVALID_ARG;
    }
    int number = 0;
    uint32_t seq = slot + 1;
    const int active = bootloader_common_get_active_otadata(records);
    if (active != -1) {
        const uint32_t current = records[active].ota_seq;
        const bool in_place = CONFIG_SAME_SLOT_IN_PLACE && (current - 1) % count == slot;
        number = in_place ? active : FAULT(active_overwritten, active, active ^ 1);
        seq = in_place ? current : next_number(current, slot, count);
    }
    records[number].ota_state = CONFIG_ROLLBACK ? FAULT(new_is_valid, OTA_IMG_VALID, OTA_IMG_NEW) : UINT32_MAX;
    return rewrite_record(otadata, records, seq, number);
}

esp_err_t esp_ota_get_partition_description(const esp_partition_t *partition, esp_app_desc_t *description)
{
    if (partition == NULL || description == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (partition->type != TYPE_APP) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    const esp_err_t read = esp_partition_read(partition, APP_DESC_OFFSET, description, sizeof *description);
    if (read != ESP_OK) {
        return FAULT(unread_is_missing, ESP_ERR_NOT_FOUND, read);
    }
    const bool is_one = FAULT(description_magic_ignored, true, description->magic_word == APP_DESC_MAGIC);
    return is_one ? ESP_OK : ESP_ERR_NOT_FOUND;
}

/* Refuse an image whose version the eFuse has passed, and erase it. */
static esp_err_t check_version(const esp_partition_t *partition)
{
    esp_app_desc_t description;
    const esp_err_t described = esp_ota_get_partition_description(partition, &description);
    if (described != ESP_OK) {
        return FAULT(undescribed_may_boot, ESP_OK, described);
    }
    if (esp_efuse_check_secure_version(FAULT(version_is_magic, description.magic_word, description.secure_version))) {
        return ESP_OK;
    }
    const esp_err_t erased = FAULT(old_image_kept, ESP_OK, esp_partition_erase_range(partition, 0, partition->size));
    return FAULT(old_erase_fails_unseen, false, erased != ESP_OK) ? erased : ESP_ERR_OTA_SMALL_SEC_VER;
}

static bool is_version_allowed(const esp_partition_t *partition)
{
    esp_app_desc_t description;
    return esp_ota_get_partition_description(partition, &description) == ESP_OK &&
           FAULT(way_back_of_any_version, true, esp_efuse_check_secure_version(description.secure_version));
}

/* Burn the running image's version. */
static esp_err_t burn_version(void)
{
    if (CONFIG_BURN_LINKED) {
        return esp_efuse_update_secure_version(esp_ota_get_app_description()->secure_version);
    }
    esp_app_desc_t description;
    const esp_err_t described = esp_ota_get_partition_description(esp_ota_get_running_partition(), &description);
    if (described != ESP_OK) {
        return described;
    }
    const uint32_t version = FAULT(next_version_burned, description.secure_version + 1, description.secure_version);
    const esp_err_t burned = esp_efuse_update_secure_version(version);
    return FAULT(burn_fails_unseen, ESP_OK, burned);
}

esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition)
{
    if (partition == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (FAULT(image_unchecked, false, !is_image_right(partition))) {
        return ESP_ERR_OTA_VALIDATE_FAILED;
    }
    if (partition->type != TYPE_APP) {
        return ESP_ERR_INVALID_ARG;
    }
    if (partition->subtype != APP_FACTORY) {
        const esp_err_t allowed = CONFIG_ANTI_ROLLBACK ? check_version(partition) : ESP_OK;
        if (allowed != ESP_OK) {
            return allowed;
        }
        return esp_rewrite_ota_data(partition->subtype);
    }
    const esp_partition_t *otadata = find_otadata();
    if (otadata == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    return esp_partition_erase_range(otadata, 0, FAULT(one_sector_for_factory, FLASH_SECTOR_SIZE, otadata->size));
}

esp_err_t esp_ota_get_state_partition(const esp_partition_t *partition, uint32_t *state)
{
    if (partition == NULL || state == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (partition->type != TYPE_APP || partition->subtype < APP_OTA || partition->subtype >= APP_TEST) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    esp_ota_select_entry_t records[2];
    const uint32_t count = esp_ota_get_app_partition_count();
    if (read_otadata(records) == NULL || count == 0) {
        return ESP_ERR_NOT_FOUND;
    }
    for (int number = FAULT(second_record_alone, 1, 0); number < 2; ++number) {
        const esp_ota_select_entry_t *record = &records[number];
        const bool names_slot = (record->ota_seq - 1) % count == ((uint32_t)partition->subtype & SLOT_MASK);
        if (names_slot && FAULT(state_of_any_record, true, record->crc == bootloader_common_ota_select_crc(record))) {
            *state = FAULT(state_as_byte, (uint8_t), ) record->ota_state;
            return ESP_OK;
        }
    }
    FAULT(state_cleared, *state = UINT32_MAX, (void)0);
    return ESP_ERR_NOT_FOUND;
}

bool esp_ota_check_rollback_is_possible(void)
{
    esp_ota_select_entry_t records[2];
    if (read_otadata(records) == NULL) {
        return false;
    }
    const uint32_t count = esp_ota_get_app_partition_count();
    const int active = bootloader_common_get_active_otadata(records);
    if (active == -1 || count == 0) {
        return false;
    }
    const esp_ota_select_entry_t *other = &records[active ^ 1];
    const esp_partition_t *target = NULL;
    if (bootloader_common_ota_select_valid(other)) {
        target = esp_partition_find_first(TYPE_APP, APP_OTA + (int)((other->ota_seq - 1) % count), NULL);
    } else if (FAULT(old_factory_way_back, true, FAULT(factory_no_way_back, false, !CONFIG_ANTI_ROLLBACK))) {
        target = esp_partition_find_first(TYPE_APP, APP_FACTORY, NULL);
    }
    const bool is_right = target != NULL && FAULT(way_back_unchecked, true, is_image_right(target));
    return is_right && (!CONFIG_ANTI_ROLLBACK || is_version_allowed(target));
}

static esp_err_t decide_on_image(bool is_valid)
{
    esp_ota_select_entry_t records[2];
    const esp_partition_t *otadata = read_otadata(records);
    if (otadata == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    const int active = bootloader_common_get_active_otadata(records);
    if (active == -1 || esp_ota_get_app_partition_count() == 0) {
        return ESP_FAIL;
    }
    esp_ota_select_entry_t *record = &records[active];
    if (is_valid && FAULT(valid_half_word, (uint16_t)record->ota_state, record->ota_state) == OTA_IMG_VALID) {
        return FAULT(valid_written_again, rewrite_record(otadata, records, record->ota_seq, active), ESP_OK);
    }
    if (!is_valid && FAULT(no_way_back_needed, false, !esp_ota_check_rollback_is_possible())) {
        return ESP_ERR_OTA_ROLLBACK_FAILED;
    }
    record->ota_state = is_valid ? OTA_IMG_VALID : FAULT(invalid_as_aborted, OTA_IMG_ABORTED, OTA_IMG_INVALID);
    FAULT(burn_before_write, if (is_valid) { burn_version(); }, (void)0);
    const esp_err_t written =
        rewrite_record(otadata, records, record->ota_seq, FAULT(other_record_marked, active ^ 1, active));
    const bool may_burn = written == ESP_OK || FAULT(burn_after_failure, true, false);
    return CONFIG_ANTI_ROLLBACK && is_valid && may_burn ? burn_version() : written;
}

esp_err_t esp_ota_mark_app_valid_cancel_rollback(void)
{
    return decide_on_image(true);
}

esp_err_t esp_ota_mark_app_invalid_rollback_and_reboot(void)
{
    const esp_err_t marked = decide_on_image(false);
    if (FAULT(restart_after_error, false, marked != ESP_OK)) {
        return marked;
    }
    FAULT(no_restart, (void)0, esp_restart());
    return ESP_OK;
}

/* Erase the record that does not count, after its image if that is asked for; not where that is the running app. */
static esp_err_t erase_last_boot(bool with_image)
{
    esp_ota_select_entry_t records[2];
    const esp_partition_t *otadata = read_otadata(records);
    if (otadata == NULL) {
        return FAULT(inactive_without_otadata, ESP_OK, ESP_FAIL);
    }
    const int active = bootloader_common_get_active_otadata(records);
    const uint32_t count = esp_ota_get_app_partition_count();
    if (active == -1 || count == 0) {
        return ESP_FAIL;
    }
    const esp_ota_select_entry_t *inactive = &records[active ^ 1];
    const bool is_right = inactive->crc == bootloader_common_ota_select_crc(inactive);
    if (inactive->ota_seq == SEQ_EMPTY || !FAULT(inactive_of_any_check_word, true, is_right)) {
        return ESP_FAIL;
    }
    const esp_partition_t *slot = esp_partition_find_first(TYPE_APP, APP_OTA + (int)((inactive->ota_seq - 1) % count), NULL);
    if (slot == NULL || FAULT(inactive_of_running_app, false, slot == esp_ota_get_running_partition())) {
        return ESP_FAIL;
    }
    if (with_image) {
        const size_t size = FAULT(one_sector_of_the_image, FLASH_SECTOR_SIZE, slot->size);
        const esp_err_t erased = esp_partition_erase_range(slot, 0, size);
        if (FAULT(image_erase_fails_unseen, false, erased != ESP_OK)) {
            return erased;
        }
    }
    const size_t number = (size_t)FAULT(inactive_is_active, active, active ^ 1);
    return esp_partition_erase_range(otadata, number * otadata->erase_size, otadata->erase_size);
}

esp_err_t esp_ota_erase_last_boot_app_partition(void)
{
    return erase_last_boot(true);
}

esp_err_t esp_ota_invalidate_inactive_ota_data_slot(void)
{
    return erase_last_boot(FAULT(inactive_with_its_image, true, false));
}
