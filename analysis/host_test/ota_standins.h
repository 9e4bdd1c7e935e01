/* What esp_ota_ops.c and bootloader_common_loader.c ask of components that ESP-IDF does not build for a host.
 *
 * CMakeLists.txt makes a header of each name that those files include and a host has not; each includes this one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "spi_flash_mmap.h"

/* A device with neither flash encryption nor eFuse bits. */
bool esp_flash_encryption_enabled(void);
bool esp_efuse_is_flash_encryption_enabled(void);
bool efuse_hal_flash_encryption_enabled(void);
uint32_t efuse_hal_chip_revision(void);
uint32_t efuse_hal_blk_version(void);
bool efuse_hal_get_disable_wafer_version_major(void);
bool efuse_hal_get_disable_blk_version_major(void);

/* Flash that nothing protects. */
typedef struct esp_flash_t esp_flash_t;
extern esp_flash_t *esp_flash_default_chip;
esp_err_t esp_flash_set_dangerous_write_protection(esp_flash_t *chip,
                                                   bool protect);
