/* What a bootloader has below its decisions, down to the ROM of the ESP32-C3: flash, eFuse, image check, reset.
 * Written from docs/spec, impl/image/verify.py and the names that hooks.h gives. The sources above are linked with it
 * where a whole bootloader is wanted, as in an image without symbols. */
#include "../sources/boot_partition.h"
#include "../sources/faults.h"
#include "../sources/hooks.h"

#define MAPPED_FLASH 0x3C000000u
#define MAPPED_SIZE 0x800000u
#define PAGE_SIZE 0x10000u
#define MMU_TABLE ((volatile uint32_t *)0x600C5000u)
#define CRYPT_COUNT (*(volatile uint32_t *)0x60008834u >> 18 & 7)
#define IMAGE_MAGIC 0xE9
#define CHECKSUM_SEED 0xEF

enum load_mode { LOAD_VERIFY, LOAD_VERIFY_SILENT, LOAD_CHECKED, LOAD_UNCHECKED };

int esp_rom_spiflash_erase_sector(uint32_t sector);
int esp_rom_spiflash_read(uint32_t address, void *into, int32_t size);
int esp_rom_spiflash_write(uint32_t address, const void *from, int32_t size);
int esp_rom_spiflash_write_encrypted(uint32_t address, const void *from, uint32_t size);
void esp_rom_software_reset_system(void);

extern uint8_t _bss_start[], _bss_end[];

static bool mapped;

static esp_err_t to_esp_err(int rom_result)
{
    return rom_result == 0 ? ESP_OK : ESP_FAIL;
}

static __attribute__((noinline)) void map_page(uint32_t page, uint32_t address)
{
    MMU_TABLE[page] = address / PAGE_SIZE;
}

const void *bootloader_mmap(uint32_t address, uint32_t size)
{
    if (mapped || size > MAPPED_SIZE) {
        return NULL;
    }
    const uint32_t start = address & ~(PAGE_SIZE - 1);
    const uint32_t place = FAULT(mapped_elsewhere, address + 32 - start, address - start);
    for (uint32_t page = 0; page < 2; ++page) {
        map_page(page, start + page * PAGE_SIZE);
    }
    mapped = true;
    return (const void *)(MAPPED_FLASH + place);
}

void bootloader_munmap(const void *mapping)
{
    (void)mapping;
    if (mapped) {
        mapped = FAULT(stays_mapped, true, false);
    }
}

esp_err_t bootloader_flash_read(size_t address, void *into, size_t size, bool allow_decrypt)
{
    (void)allow_decrypt;
    return to_esp_err(esp_rom_spiflash_read(address, into, (int32_t)size));
}

esp_err_t bootloader_flash_erase_sector(size_t sector)
{
    const int erased = esp_rom_spiflash_erase_sector(sector + FAULT(erases_next, 1, 0));
    return FAULT(erase_never_fails, ESP_OK, to_esp_err(erased));
}

esp_err_t bootloader_flash_write(size_t address, void *from, size_t size, bool write_encrypted)
{
    const size_t alignment = write_encrypted ? 32 : 4;
    if (address % alignment != 0 || size % alignment != 0 || (uintptr_t)from % 4 != 0) {
        return ESP_FAIL;
    }
    if (FAULT(encrypts_never, false, write_encrypted)) {
        return to_esp_err(esp_rom_spiflash_write_encrypted(address, from, size));
    }
    return to_esp_err(esp_rom_spiflash_write(address, from, (int32_t)(size - FAULT(writes_less, 4, 0))));
}

bool esp_flash_encryption_enabled(void)
{
    bool enabled = FAULT(encryption_inverted, true, false);
    for (uint32_t count = CRYPT_COUNT; count != 0; count >>= 1) {
        enabled ^= count & 1;
    }
    return enabled;
}

void bootloader_reset(void)
{
    esp_rom_software_reset_system();
    for (;;) {
    }
}

static esp_err_t load_segments(const esp_partition_pos_t *partition, esp_image_metadata_t *metadata, uint8_t *checksum)
{
    uint32_t place = partition->offset + sizeof metadata->image;
    for (unsigned number = 0; number < metadata->image.segment_count && number < 16; ++number) {
        esp_image_segment_header_t *segment = &metadata->segments[number];
        if (bootloader_flash_read(place, segment, sizeof *segment, true) != ESP_OK) {
            return ESP_FAIL;
        }
        place += sizeof *segment;
        metadata->segment_data[number] = place;
        for (uint32_t done = 0; done < segment->data_len; done += 4) {
            uint32_t word;
            if (bootloader_flash_read(place + done, &word, sizeof word, true) != ESP_OK) {
                return ESP_FAIL;
            }
            *checksum ^= (uint8_t)(word ^ word >> 8 ^ word >> 16 ^ word >> 24);
        }
        place += segment->data_len;
    }
    metadata->image_len = place - partition->offset;
    return ESP_OK;
}

static __attribute__((noinline)) esp_err_t
image_load(enum load_mode mode, const esp_partition_pos_t *partition, esp_image_metadata_t *metadata)
{
    uint8_t checksum = CHECKSUM_SEED;
    uint8_t stored;
    if (bootloader_flash_read(partition->offset, &metadata->image, sizeof metadata->image, true) != ESP_OK ||
        metadata->image.magic != IMAGE_MAGIC || load_segments(partition, metadata, &checksum) != ESP_OK) {
        return ESP_FAIL;
    }
    const uint32_t end = partition->offset + (metadata->image_len | 15);
    if (mode == LOAD_UNCHECKED) {
        return ESP_OK;
    }
    return bootloader_flash_read(end, &stored, 1, true) == ESP_OK && stored == checksum ? ESP_OK : ESP_FAIL;
}

esp_err_t bootloader_load_image(const esp_partition_pos_t *partition, esp_image_metadata_t *metadata)
{
    return image_load(FAULT(loads_unchecked, LOAD_UNCHECKED, LOAD_CHECKED), partition, metadata);
}

esp_err_t bootloader_load_image_no_verify(const esp_partition_pos_t *partition, esp_image_metadata_t *metadata)
{
    return image_load(LOAD_UNCHECKED, partition, metadata);
}

esp_err_t bootloader_init(void)
{
    memset(_bss_start, 0, (size_t)(_bss_end - _bss_start));
    return ESP_OK;
}
