/* What esp_ota_ops.c and bootloader_common_loader.c ask of the device of a host test. */
#include "ota_standins.h"

#include <stdio.h>
#include <stdlib.h>

#include "esp_app_desc.h"
#include "esp_image_format.h"
#include "host_board.h"

esp_flash_t *esp_flash_default_chip;

/* CMakeLists.txt has esp_ota_ops.c call these two in place of esp_restart() and spi_flash_cache2phys(). */
_Noreturn void run_restarts(void);
size_t address_of_run(const void *cached);

_Noreturn void run_restarts(void)
{
    ends(RESTARTS);
}

size_t address_of_run(const void *cached)
{
    (void)cached;
    return address_that_runs();
}

esp_err_t esp_image_verify(esp_image_load_mode_t mode,
                           const esp_partition_pos_t *part,
                           esp_image_metadata_t *data)
{
    (void)mode;
    (void)data;
    return is_whole_at(part->offset) ? ESP_OK : ESP_ERR_IMAGE_INVALID;
}

bool esp_flash_encryption_enabled(void)
{
    return false;
}

bool esp_efuse_is_flash_encryption_enabled(void)
{
    return false;
}

bool efuse_hal_flash_encryption_enabled(void)
{
    return false;
}

esp_err_t esp_flash_set_dangerous_write_protection(esp_flash_t *chip,
                                                   bool protect)
{
    (void)chip;
    (void)protect;
    return ESP_OK;
}

/* No test of otaproof comes here: these are of updates of other partitions than applications, and of image heads. */
static _Noreturn void no_part_of_a_test(const char *function)
{
    printf("%s is no part of this test\n", function);
    abort();
}

void esp_image_bootloader_offset_set(const uint32_t offset);
void esp_image_bootloader_offset_set(const uint32_t offset)
{
    (void)offset;
    no_part_of_a_test(__func__);
}

esp_err_t esp_partition_table_verify(const esp_partition_info_t *table,
                                     bool log_errors, int *num_partitions)
{
    (void)table;
    (void)log_errors;
    (void)num_partitions;
    no_part_of_a_test(__func__);
}

const esp_app_desc_t *esp_app_get_description(void)
{
    no_part_of_a_test(__func__);
}

uint32_t efuse_hal_chip_revision(void)
{
    no_part_of_a_test(__func__);
}

uint32_t efuse_hal_blk_version(void)
{
    no_part_of_a_test(__func__);
}

bool efuse_hal_get_disable_wafer_version_major(void)
{
    no_part_of_a_test(__func__);
}

bool efuse_hal_get_disable_blk_version_major(void)
{
    no_part_of_a_test(__func__);
}
