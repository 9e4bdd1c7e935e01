/* The partition that was started last, as RTC memory keeps it over deep sleep. Written from impl/board.py. */
#include "boot_partition.h"
#include "hooks.h"

static struct {
    esp_partition_pos_t partition;
    uint32_t crc;
} kept;

const esp_partition_pos_t *bootloader_common_get_rtc_retain_mem_partition(void)
{
    const uint32_t crc = esp_rom_crc32_le(UINT32_MAX, (const uint8_t *)&kept.partition, sizeof kept.partition);
    return kept.crc == crc && kept.crc != UINT32_MAX ? &kept.partition : NULL;
}
