/* The functions of idf_stub.h over a table of partitions and calls back into the test. */
#include "idf_stub.h"

typedef struct {
    int32_t (*read)(uint32_t address, void *to, uint32_t size);
    int32_t (*program)(uint32_t address, const void *from, uint32_t size);
    int32_t (*erase)(uint32_t address, uint32_t size);
    int32_t (*is_whole)(uint32_t address);
    uint32_t (*version)(uint32_t address);
    int32_t (*is_allowed)(uint32_t version);
    int32_t (*burn)(uint32_t version);
    int32_t (*real)(uint32_t call, uint32_t first, uint32_t second, uint32_t third);
} idf_test_t;

#define MOST_PARTITIONS 24
idf_test_t idf_test;
esp_partition_t idf_table[MOST_PARTITIONS];
uint32_t idf_partitions;
uint32_t idf_running;
uint32_t idf_slots;
bool idf_restarted;

enum { BEGIN, WRITE, WRITE_AT, END, ABORT, SET_BOOT, GET_BOOT, GET_STATE, ACCEPT, REFUSE, CAN_REFUSE, LAST_INVALID,
       ERASE_LAST, FORGET_LAST, SET_BOOT_BLINDLY, RESUME, SELECT };

static uint32_t number_of(const esp_partition_t *partition) {
    return (partition == NULL) ? MOST_PARTITIONS : (uint32_t)(partition - idf_table);
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char *label) {
    (void)label;
    for (uint32_t at = 0U; at < idf_partitions; at++) {
        if ((idf_table[at].type == type) && (idf_table[at].subtype == subtype)) { return &idf_table[at]; }
    }
    return NULL;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t offset, void *to, size_t size) {
    return idf_test.read(partition->address + (uint32_t)offset, to, (uint32_t)size);
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *from, size_t size) {
    return idf_test.program(partition->address + (uint32_t)offset, from, (uint32_t)size);
}

esp_err_t __real_esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size);
esp_err_t __real_esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size) {
    return idf_test.erase(partition->address + (uint32_t)offset, (uint32_t)size);
}

const esp_partition_t *esp_ota_get_running_partition(void) { return &idf_table[idf_running]; }

uint8_t esp_ota_get_app_partition_count(void) { return (uint8_t)idf_slots; }

esp_err_t esp_ota_get_partition_description(const esp_partition_t *partition, esp_app_desc_t *description) {
    description->secure_version = idf_test.version(partition->address);
    return ESP_OK;
}

esp_err_t esp_image_verify(esp_image_load_mode_t mode, const esp_partition_pos_t *part, esp_image_metadata_t *data) {
    (void)mode;
    (void)data;
    return (idf_test.is_whole(part->offset) != 0) ? ESP_OK : ESP_ERR_OTA_VALIDATE_FAILED;
}

bool esp_efuse_check_secure_version(uint32_t version) { return idf_test.is_allowed(version) != 0; }

uint32_t esp_efuse_read_secure_version(void) {
    uint32_t version = 0U;

    while ((version < 32U) && (idf_test.is_allowed(version) == 0)) { version++; }
    return version;
}

esp_err_t esp_efuse_update_secure_version(uint32_t version) { return idf_test.burn(version); }

bool esp_flash_encryption_enabled(void) { return false; }

/* Inverted before and after, as the function in ROM has it. */
uint32_t esp_rom_crc32_le(uint32_t crc, const uint8_t *data, uint32_t size) {
    uint32_t rest = ~crc;

    for (uint32_t at = 0U; at < size; at++) {
        rest ^= data[at];
        for (int bit = 0; bit < 8; bit++) { rest = (rest >> 1U) ^ (((rest & 1U) != 0U) ? 0xEDB88320U : 0U); }
    }
    return ~rest;
}

void esp_restart(void) { idf_restarted = true; }

uint32_t bootloader_common_ota_select_crc(const esp_ota_select_entry_t *entry) {
    return esp_rom_crc32_le(UINT32_MAX, (const uint8_t *)&entry->ota_seq, 4U);
}

esp_err_t bootloader_common_get_partition_description(const esp_partition_pos_t *part, esp_app_desc_t *description) {
    description->secure_version = idf_test.version(part->offset);
    return ESP_OK;
}

esp_err_t bootloader_flash_read(size_t address, void *to, size_t size, bool decrypts) {
    (void)decrypts;
    return idf_test.read((uint32_t)address, to, (uint32_t)size);
}

esp_err_t bootloader_flash_write(size_t address, void *from, size_t size, bool encrypts) {
    (void)encrypts;
    return idf_test.program((uint32_t)address, from, (uint32_t)size);
}

esp_err_t bootloader_flash_erase_sector(size_t sector) {
    return idf_test.erase((uint32_t)sector * FLASH_SECTOR_SIZE, FLASH_SECTOR_SIZE);
}

/* The functions that the glue replaces: by number, and what they are given. */

#define REAL(type, name, call, parameters, first, second, third) \
    type __real_##name parameters;                               \
    type __real_##name parameters { return (type)idf_test.real(call, first, second, third); }

REAL(esp_err_t, esp_ota_write, WRITE, (esp_ota_handle_t handle, const void *data, size_t size), handle,
     (uint32_t)((const uint8_t *)data)[0] | ((size > 1U) ? (uint32_t)((const uint8_t *)data)[1] << 8U : 0U), (uint32_t)size)
REAL(esp_err_t, esp_ota_write_with_offset, WRITE_AT,
     (esp_ota_handle_t handle, const void *data, size_t size, uint32_t offset), handle,
     (uint32_t)((const uint8_t *)data)[0] + (0U * (uint32_t)size), offset)
REAL(esp_err_t, esp_ota_end, END, (esp_ota_handle_t handle), handle, 0U, 0U)
REAL(esp_err_t, esp_ota_abort, ABORT, (esp_ota_handle_t handle), handle, 0U, 0U)
REAL(esp_err_t, esp_ota_set_boot_partition, SET_BOOT, (const esp_partition_t *partition), number_of(partition), 0U, 0U)
REAL(esp_err_t, esp_ota_mark_app_valid_cancel_rollback, ACCEPT, (void), 0U, 0U, 0U)
REAL(esp_err_t, esp_ota_mark_app_invalid_rollback_and_reboot, REFUSE, (void), 0U, 0U, 0U)
REAL(bool, esp_ota_check_rollback_is_possible, CAN_REFUSE, (void), 0U, 0U, 0U)
REAL(esp_err_t, esp_ota_mark_app_invalid_rollback, REFUSE, (void), 0U, 0U, 0U)
REAL(esp_err_t, esp_ota_invalidate_inactive_ota_data_slot, FORGET_LAST, (void), 0U, 0U, 0U)
REAL(esp_err_t, esp_ota_set_boot_partition_skip_validate, SET_BOOT_BLINDLY, (const esp_partition_t *partition),
     number_of(partition), 0U, 0U)
REAL(esp_err_t, esp_ota_erase_last_boot_app_partition, ERASE_LAST, (void), 0U, 0U, 0U)

static const esp_partition_t *partition_of(int32_t number) { return (number < 0) ? NULL : &idf_table[number]; }

const esp_partition_t *__real_esp_ota_get_boot_partition(void);
const esp_partition_t *__real_esp_ota_get_boot_partition(void) { return partition_of(idf_test.real(GET_BOOT, 0U, 0U, 0U)); }

const esp_partition_t *__real_esp_ota_get_last_invalid_partition(void);
const esp_partition_t *__real_esp_ota_get_last_invalid_partition(void) {
    return partition_of(idf_test.real(LAST_INVALID, 0U, 0U, 0U));
}

uint32_t idf_word; /* What a call gives back beside its code. */

esp_err_t __real_esp_ota_begin(const esp_partition_t *partition, size_t size, esp_ota_handle_t *handle);
esp_err_t __real_esp_ota_begin(const esp_partition_t *partition, size_t size, esp_ota_handle_t *handle) {
    const esp_err_t code = idf_test.real(BEGIN, number_of(partition), (uint32_t)size, 0U);

    *handle = idf_word;
    return code;
}

esp_err_t __real_esp_ota_resume(const esp_partition_t *partition, size_t erase, size_t at, esp_ota_handle_t *handle);
esp_err_t __real_esp_ota_resume(const esp_partition_t *partition, size_t erase, size_t at, esp_ota_handle_t *handle) {
    const esp_err_t code = idf_test.real(RESUME, number_of(partition), (uint32_t)erase, (uint32_t)at);

    *handle = idf_word;
    return code;
}

esp_err_t __real_esp_ota_get_state_partition(const esp_partition_t *partition, esp_ota_img_states_t *state);
esp_err_t __real_esp_ota_get_state_partition(const esp_partition_t *partition, esp_ota_img_states_t *state) {
    const esp_err_t code = idf_test.real(GET_STATE, number_of(partition), 0U, 0U);

    *state = idf_word;
    return code;
}

int __real_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs);
int __real_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs) {
    (void)bs;
    return idf_test.real(SELECT, 0U, 0U, 0U);
}

/* As ESP-IDF tries: down to factory, then up, then the test app. Returns what has started. */
uint32_t idf_started;

static bool starts(const esp_partition_pos_t *part) {
    esp_image_metadata_t data;

    if ((part->size == 0U) || (idf_test.is_allowed(idf_test.version(part->offset)) == 0)
        || (esp_image_verify(ESP_IMAGE_VERIFY, part, &data) != ESP_OK)) {
        return false;
    }
    idf_started = part->offset;
    return true;
}

void __real_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index);
void __real_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index) {
    for (int index = start_index; index >= FACTORY_INDEX; index--) {
        if (starts((index == FACTORY_INDEX) ? &bs->factory : &bs->ota[index])) { return; }
    }
    for (int index = start_index + 1; index < (int)bs->app_count; index++) {
        if (starts(&bs->ota[index])) { return; }
    }
    (void)starts(&bs->test);
}
