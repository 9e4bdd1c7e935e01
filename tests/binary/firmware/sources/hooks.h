/* What is not here: ROM, flash driver, image verification, eFuse. Each is a symbol at an address without bytes, which the
 * linker scripts give; whoever runs the code stands in for it. */
#pragma once

#include "esp_types.h"

const void *bootloader_mmap(uint32_t address, uint32_t size);
void bootloader_munmap(const void *mapping);
esp_err_t bootloader_flash_read(size_t address, void *into, size_t size, bool allow_decrypt);
esp_err_t bootloader_flash_write(size_t address, void *from, size_t size, bool write_encrypted);
esp_err_t bootloader_flash_erase_sector(size_t sector);
bool esp_flash_encryption_enabled(void);

uint32_t esp_rom_crc32_le(uint32_t start, const uint8_t *from, uint32_t size);
int esp_rom_printf(const char *format, ...);
void *memcpy(void *into, const void *from, size_t size);
void *memset(void *into, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

typedef struct {
    uint32_t words[22];
} md5_context_t;
void esp_rom_md5_init(md5_context_t *context);
void esp_rom_md5_update(md5_context_t *context, const void *from, uint32_t size);
void esp_rom_md5_final(uint8_t *digest, md5_context_t *context);

/* The flash chip as the ROM knows it. */
extern const struct {
    uint32_t device_id;
    uint32_t chip_size;
} g_rom_flashchip;

esp_err_t bootloader_init(void);
void bootloader_reset(void) __attribute__((noreturn));
esp_err_t bootloader_load_image(const esp_partition_pos_t *partition, esp_image_metadata_t *metadata);
esp_err_t bootloader_load_image_no_verify(const esp_partition_pos_t *partition, esp_image_metadata_t *metadata);
int esp_rom_get_reset_reason(int cpu);

bool esp_efuse_check_secure_version(uint32_t secure_version);
esp_err_t esp_efuse_update_secure_version(uint32_t secure_version);
