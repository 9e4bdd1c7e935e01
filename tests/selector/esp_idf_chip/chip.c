/*
 * What the selection of a bootloader calls of a chip, over flash in memory. Instructions here are not counted, as ROM and
 * flash driver are the same whoever selects.
 */
#include <string.h>

#include "bootloader_common.h"
#include "bootloader_config.h"
#include "bootloader_flash_priv.h"
#include "bootloader_utility.h"
#include "esp_image_format.h"

#define OTADATA 0xD000U

uint8_t flash[0x10000];
uint32_t slots;

static const bootloader_state_t *table(void) {
    static bootloader_state_t bs;

    bs.ota_info = (esp_partition_pos_t){.offset = OTADATA, .size = 0x2000U};
    bs.app_count = slots;
    for (uint32_t slot = 0U; slot < slots; slot++) {
        bs.ota[slot] = (esp_partition_pos_t){.offset = 0x10000U * (slot + 1U), .size = 0x10000U};
    }
    return &bs;
}

int __wrap_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs);
void __wrap_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index);
#if BY_TURNS
int __real_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs);
int __real_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs) { return INVALID_INDEX; }
void __real_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index);
void __real_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index) {}

/* From the selection to the first image that is tried. */
int run(void);
int run(void) {
    const bootloader_state_t *bs = table();
    const int index = __wrap_bootloader_utility_get_selected_boot_partition(bs);

    __wrap_bootloader_utility_load_boot_image(bs, index);
    return index;
}
#else
int run(void);
int run(void) { return bootloader_utility_get_selected_boot_partition(table()); }
#endif

esp_err_t bootloader_flash_read(size_t address, void *to, size_t size, bool decrypts) {
    (void)memcpy(to, &flash[address], size);
    return ESP_OK;
}

esp_err_t bootloader_flash_write(size_t address, void *from, size_t size, bool encrypts) {
    (void)memcpy(&flash[address], from, size);
    return ESP_OK;
}

esp_err_t bootloader_flash_erase_sector(size_t sector) {
    (void)memset(&flash[sector * FLASH_SECTOR_SIZE], 0xFF, FLASH_SECTOR_SIZE);
    return ESP_OK;
}

const void *bootloader_mmap(uint32_t address, uint32_t size) { return &flash[address]; }
void bootloader_munmap(const void *mapping) {}

esp_err_t esp_image_verify(esp_image_load_mode_t mode, const esp_partition_pos_t *part, esp_image_metadata_t *data) { return ESP_OK; }

uint32_t esp_rom_crc32_le(uint32_t crc, const uint8_t *data, uint32_t size) {
    uint32_t rest = ~crc;

    for (uint32_t at = 0U; at < size; at++) {
        rest ^= data[at];
        for (int bit = 0; bit < 8; bit++) { rest = (rest >> 1U) ^ (((rest & 1U) != 0U) ? 0xEDB88320U : 0U); }
    }
    return ~rest;
}

bool esp_flash_encryption_enabled(void) { return false; }
bool esp_efuse_is_flash_encryption_enabled(void) { return false; }
uint32_t esp_efuse_read_secure_version(void) { return 0U; }

void *memcpy(void *to, const void *from, size_t size) {
    for (size_t at = 0U; at < size; at++) { ((uint8_t *)to)[at] = ((const uint8_t *)from)[at]; }
    return to;
}

void *memset(void *to, int value, size_t size) {
    for (size_t at = 0U; at < size; at++) { ((uint8_t *)to)[at] = (uint8_t)value; }
    return to;
}

int memcmp(const void *one, const void *two, size_t size) {
    for (size_t at = 0U; at < size; at++) {
        if (((const uint8_t *)one)[at] != ((const uint8_t *)two)[at]) { return 1; }
    }
    return 0;
}
