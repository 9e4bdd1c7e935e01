/*
 * One power-on of a device whose flash is a file: the bootloader by turns selects, then the application makes the calls
 * that are named. What is built with it is ESP-IDF's own: esp_ota_ops.c, partition.c and partition_linux.c, whose erase
 * and write are renamed, as the power fails here.
 *
 *     power_on FLASH CUT CALL ...    CUT: 3 * operation + 0 before it, 1 in the middle, 2 after it; -1 for no cut
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootloader_common.h"
#include "bootloader_config.h"
#include "bootloader_flash_priv.h"
#include "bootloader_utility.h"
#include "esp_app_desc.h"
#include "esp_efuse.h"
#include "esp_flash.h"
#include "esp_image_format.h"
#include "esp_ota_ops.h"
#include "esp_partition.h"
#include "esp_private/partition_linux.h"
#include "esp_rom_crc.h"
#include "spi_flash_mmap.h"

#define IMAGE_SIZE 8192U
#define THE_POWER_FAILED 9

static uint8_t *flash;
static size_t running;
static long left = -1; /* micro-steps until the power fails */

esp_err_t linux_erase_range(const esp_partition_t *partition, size_t offset, size_t size);
esp_err_t linux_write(const esp_partition_t *partition, size_t offset, const void *from, size_t size);

static void step(void) {
    if (left == 0) { _exit(THE_POWER_FAILED); }
    left -= (left > 0) ? 1 : 0;
}

/* Flash. */

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size) {
    step();
    (void)memset(&flash[partition->address + offset], 0xFF, size / 2U);
    step();
    const esp_err_t code = linux_erase_range(partition, offset, size);
    step();
    return code;
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *from, size_t size) {
    step();
    for (size_t at = 0U; at < (size / 2U); at++) { flash[partition->address + offset + at] &= ((const uint8_t *)from)[at]; }
    step();
    const esp_err_t code = linux_write(partition, offset, from, size);
    step();
    return code;
}

static const esp_partition_t *otadata(void) {
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_OTA, NULL);
}

esp_err_t bootloader_flash_read(size_t address, void *to, size_t size, bool decrypts) {
    (void)decrypts;
    (void)memcpy(to, &flash[address], size);
    return ESP_OK;
}

esp_err_t bootloader_flash_write(size_t address, void *from, size_t size, bool encrypts) {
    (void)encrypts;
    return esp_partition_write(otadata(), address - otadata()->address, from, size);
}

esp_err_t bootloader_flash_erase_sector(size_t sector) {
    return esp_partition_erase_range(otadata(), (sector * FLASH_SECTOR_SIZE) - otadata()->address, FLASH_SECTOR_SIZE);
}

/* What is of the chip, or of no matter here. */

uint32_t esp_rom_crc32_le(uint32_t crc, const uint8_t *data, uint32_t size) {
    uint32_t rest = ~crc;

    for (uint32_t at = 0U; at < size; at++) {
        rest ^= data[at];
        for (int bit = 0; bit < 8; bit++) { rest = (rest >> 1U) ^ (((rest & 1U) != 0U) ? 0xEDB88320U : 0U); }
    }
    return ~rest;
}

/* An image is whole if it begins with the magic byte and its last byte is there. */
esp_err_t esp_image_verify(esp_image_load_mode_t mode, const esp_partition_pos_t *part, esp_image_metadata_t *data) {
    (void)mode;
    (void)data;
    return ((flash[part->offset] == ESP_IMAGE_HEADER_MAGIC) && (flash[part->offset + IMAGE_SIZE - 1U] == 0x5AU)) ? ESP_OK : ESP_FAIL;
}

size_t spi_flash_cache2phys(const void *cached) {
    (void)cached;
    return running;
}

bool esp_flash_encryption_enabled(void) { return false; }
bool esp_efuse_is_flash_encryption_enabled(void) { return false; }
uint32_t esp_log_timestamp(void) { return 0U; }
uint32_t esp_log_early_timestamp(void) { return 0U; }
uint32_t esp_efuse_read_secure_version(void) { return 0U; }
bool esp_efuse_check_secure_version(uint32_t version) { return true; }
esp_err_t esp_efuse_update_secure_version(uint32_t version) { return ESP_OK; }
esp_err_t bootloader_common_get_partition_description(const esp_partition_pos_t *part, esp_app_desc_t *description);
esp_err_t bootloader_common_get_partition_description(const esp_partition_pos_t *part, esp_app_desc_t *description) { abort(); }
void esp_restart(void) { exit(0); }
esp_flash_t *esp_flash_default_chip;
uint32_t spi_flash_mmap_get_free_pages(spi_flash_mmap_memory_t memory) { abort(); }
esp_err_t esp_flash_set_dangerous_write_protection(esp_flash_t *chip, const bool protects);
esp_err_t esp_flash_set_dangerous_write_protection(esp_flash_t *chip, const bool protects) { abort(); }
void esp_image_bootloader_offset_set(const uint32_t offset) { abort(); }
esp_err_t esp_partition_table_verify(const esp_partition_info_t *table, bool logs, int *count) { abort(); }
size_t strlcpy(char *to, const char *from, size_t size) { return (size_t)snprintf(to, size, "%s", from); }

/* The bootloader: what --wrap leaves of ESP-IDF's. */

int __real_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs);
int __real_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs) {
    (void)bs;
    abort();
}

static bool starts(const esp_partition_pos_t *part) {
    running = part->offset;
    return (part->size != 0U) && (esp_image_verify(ESP_IMAGE_VERIFY, part, NULL) == ESP_OK);
}

void __real_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index);
void __real_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index) {
    for (int index = start_index; index >= FACTORY_INDEX; index--) {
        if (starts((index == FACTORY_INDEX) ? &bs->factory : &bs->ota[index])) { return; }
    }
    for (int index = start_index + 1; index < (int)bs->app_count; index++) {
        if (starts(&bs->ota[index])) { return; }
    }
    (void)puts("boots nothing");
    exit(1);
}

int __wrap_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs);
void __wrap_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index);

static const esp_partition_t *factory(void) {
    return esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_APP_FACTORY, NULL);
}

static void boot(void) {
    bootloader_state_t bs = {.ota_info = {.offset = otadata()->address, .size = otadata()->size}};

    for (uint32_t slot = 0U; slot < MAX_OTA_SLOTS; slot++) {
        const esp_partition_t *found =
            esp_partition_find_first(ESP_PARTITION_TYPE_APP, (esp_partition_subtype_t)(ESP_PARTITION_SUBTYPE_APP_OTA_MIN + slot), NULL);

        if (found != NULL) {
            bs.ota[slot] = (esp_partition_pos_t){.offset = found->address, .size = found->size};
            bs.app_count++;
        }
    }
    if (factory() != NULL) { bs.factory = (esp_partition_pos_t){.offset = factory()->address, .size = factory()->size}; }
    __wrap_bootloader_utility_load_boot_image(&bs, __wrap_bootloader_utility_get_selected_boot_partition(&bs));
    (void)printf("boots %s\n", esp_ota_get_running_partition()->label);
}

/* The application. */

static esp_err_t make(const char *call, const esp_partition_t *other, esp_ota_handle_t *handle) {
    static uint8_t image[IMAGE_SIZE] = {ESP_IMAGE_HEADER_MAGIC};

    image[IMAGE_SIZE - 1U] = 0x5AU;
    if (strcmp(call, "begin") == 0) { return esp_ota_begin(other, OTA_SIZE_UNKNOWN, handle); }
    if (strcmp(call, "write") == 0) { return esp_ota_write(*handle, image, sizeof(image)); }
    if (strcmp(call, "end") == 0) { return esp_ota_end(*handle); }
    if (strcmp(call, "set_boot") == 0) { return esp_ota_set_boot_partition(other); }
    if (strcmp(call, "set_factory") == 0) { return esp_ota_set_boot_partition(factory()); }
    if (strcmp(call, "accept") == 0) { return esp_ota_mark_app_valid_cancel_rollback(); }
    if (strcmp(call, "refuse") == 0) { return esp_ota_mark_app_invalid_rollback_and_reboot(); }
    abort();
}

int main(int count, char **words) {
    const esp_partition_t *other;
    const void *start;
    esp_partition_mmap_handle_t mapped;
    esp_ota_handle_t handle = 0U;
    esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;

    (void)snprintf(esp_partition_get_file_mmap_ctrl_input()->flash_file_name, PATH_MAX, "%s", words[1]);
    if (esp_partition_mmap(otadata(), 0U, otadata()->size, ESP_PARTITION_MMAP_DATA, &start, &mapped) != ESP_OK) { return 2; }
    flash = (uint8_t *)(uintptr_t)start - otadata()->address;
    left = atol(words[2]);
    boot();
    other = esp_ota_get_next_update_partition(NULL);
    for (int at = 3; at < count; at++) {
        const esp_err_t code = make(words[at], other, &handle);

        (void)printf("%s 0x%" PRIx32 "\n", words[at], (uint32_t)code);
    }
    if (esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) == ESP_OK) {
        (void)printf("state 0x%" PRIx32 "\n", (uint32_t)state);
    }
    (void)printf("next %s\n", esp_ota_get_boot_partition()->label);
    return 0;
}
