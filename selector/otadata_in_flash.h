/*
 * What both parts of the selector do with otadata: reading what decides, and the update. See DESIGN.md, "One update".
 * Each part includes this, once, and has the three operations on its flash; at: bytes from the begin of otadata.
 */
#include <string.h>

#include "esp_app_desc.h"
#include "esp_efuse.h"
#include "esp_flash_encrypt.h"
#include "esp_image_format.h"
#include "esp_rom_crc.h"
#include "otadata_by_turns.h"
#include "sdkconfig.h"
#include "spi_flash_mmap.h"

#ifdef CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE
#define ROLLBACK true
#else
#define ROLLBACK false
#endif
#ifdef CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
#define ANTI_ROLLBACK true
#else
#define ANTI_ROLLBACK false
#endif
#define SECTOR 0x1000U

static esp_err_t read_otadata(uint32_t at, void *to, size_t size);
static esp_err_t write_otadata(uint32_t at, const void *from, size_t size);
static esp_err_t erase_otadata(uint32_t at);

/* Both records as they lie in flash, with the check words that fit their numbers. */
typedef struct {
    obt_record_t records[2];
    uint32_t crcs[2];
} otadata_t;

static uint32_t crc_of(uint32_t seq) { return esp_rom_crc32_le(UINT32_MAX, (const uint8_t *)&seq, sizeof(seq)); }

/* Reads what decides; false where flash cannot be read. */
static bool read_turn(otadata_t *otadata, uint32_t slots, bool has_factory, obt_turn_t *turn) {
    uint32_t whats[2];

    for (uint32_t at = 0U; at < 2U; at++) {
        obt_record_t *record = &otadata->records[at];

        if (read_otadata(at * SECTOR, record, sizeof(*record)) != ESP_OK) { return false; }
        otadata->crcs[at] = crc_of(record->seq);
        whats[at] = obt_read(record, otadata->crcs[at], slots, has_factory);
    }
    obt_decide(otadata->records, whats, turn);
    return true;
}

/* The update. ESP_OK: the record reads as it was to be written, and the new state decides. */
static esp_err_t store(obt_turn_t *turn, uint32_t what, uint32_t slots) {
    const uint32_t sector = obt_sector_to_write(turn);
    const uint32_t at = sector * SECTOR;
    const uint32_t seq = obt_next_seq(turn, what, slots);
    const uint32_t part = esp_flash_encryption_enabled() ? (uint32_t)sizeof(obt_record_t) : OBT_FIRST_PART;
    obt_record_t record, found;
    esp_err_t err;

    if (seq == 0U) { return ESP_ERR_INVALID_STATE; }
    obt_fill(&record, seq, what, crc_of(seq));
    err = erase_otadata(at);
    if (err == ESP_OK) { err = write_otadata(at, &record, part); }
    if ((err == ESP_OK) && (part < sizeof(record))) { err = write_otadata(at + part, &record.crc, sizeof(record.crc)); }
    if ((read_otadata(at, &found, sizeof(found)) == ESP_OK) && (memcmp(&found, &record, sizeof(found)) == 0)) {
        *turn = (obt_turn_t){.what = what, .sector = sector, .seq = seq};
        return ESP_OK;
    }
    return (err == ESP_OK) ? ESP_ERR_FLASH_OP_FAIL : err;
}
