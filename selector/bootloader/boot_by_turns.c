/*
 * The bootloader by turns: what stands in the place of two functions of bootloader_support, by --wrap of the linker.
 * The table, the pins, the checks of images and the jump are ESP-IDF's. See DESIGN.md, "The bootloader".
 *
 * An image that is loaded may lie over this code, which is not in the bootloader's loader section: all that is here is
 * done before the first image is loaded.
 */
#include <string.h>

#include "bootloader_common.h"
#include "bootloader_config.h"
#include "bootloader_flash_priv.h"
#include "bootloader_utility.h"
#include "esp_app_desc.h"
#include "esp_efuse.h"
#include "esp_flash_encrypt.h"
#include "esp_image_format.h"
#include "otadata_by_turns.h"
#include "sdkconfig.h"

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

int __real_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs);
void __real_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index);
int __wrap_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs);
void __wrap_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index);
/* No header has it from ESP-IDF 5.0 on. */
esp_err_t bootloader_common_get_partition_description(const esp_partition_pos_t *part, esp_app_desc_t *description);

static const bootloader_state_t *table; /* NULL: otadata is none of ours */
static obt_turn_t turn;                 /* what decides */
static uint32_t selected;               /* the state before its note, by which the places are tried */

static uint32_t crc_of(uint32_t seq) {
    esp_ota_select_entry_t entry;

    (void)memset(&entry, 0, sizeof(entry));
    entry.ota_seq = seq;
    return bootloader_common_ota_select_crc(&entry);
}

static bool has_factory(void) { return table->factory.offset != 0U; }

static bool read_records(obt_record_t records[2], uint32_t crcs[2], uint32_t whats[2]) {
    for (uint32_t sector = 0U; sector < 2U; sector++) {
        const size_t address = table->ota_info.offset + (sector * FLASH_SECTOR_SIZE);

        if (bootloader_flash_read(address, &records[sector], sizeof(records[sector]), true) != ESP_OK) {
            return false;
        }
        crcs[sector] = crc_of(records[sector].seq);
        whats[sector] = obt_read(&records[sector], crcs[sector], table->app_count, has_factory());
    }
    return true;
}

/* What decides is the new state then, or still the old one: an update that fails is ignored. */
static void update(uint32_t what) {
    const uint32_t sector = obt_sector_to_write(&turn);
    const size_t address = table->ota_info.offset + (sector * FLASH_SECTOR_SIZE);
    const uint32_t seq = obt_next_seq(&turn, what, table->app_count);
    const bool is_encrypted = esp_flash_encryption_enabled();
    const size_t part = is_encrypted ? sizeof(obt_record_t) : OBT_FIRST_PART;
    obt_record_t record;
    obt_record_t found;

    if (seq == 0U) { return; }
    obt_fill(&record, seq, what, crc_of(seq));
    if ((bootloader_flash_erase_sector(address / FLASH_SECTOR_SIZE) == ESP_OK)
        && (bootloader_flash_write(address, &record, part, is_encrypted) == ESP_OK) && !is_encrypted) {
        (void)bootloader_flash_write(address + part, &record.crc, sizeof(record) - part, false);
    }
    if ((bootloader_flash_read(address, &found, sizeof(found), true) == ESP_OK)
        && (memcmp(&found, &record, sizeof(found)) == 0)) {
        turn.what = what;
        turn.sector = sector;
        turn.seq = seq;
    }
}

static esp_partition_pos_t position_of(uint32_t place) {
    return (place == OBT_FACTORY) ? table->factory : table->ota[place];
}

int __wrap_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs) {
    obt_record_t records[2];
    uint32_t crcs[2];
    uint32_t whats[2];
    uint32_t after;
    uint32_t first;

    table = bs;
    if ((bs->ota_info.offset == 0U) || (bs->ota_info.size < (2U * FLASH_SECTOR_SIZE)) || !read_records(records, crcs, whats)) {
        table = NULL;
        return __real_bootloader_utility_get_selected_boot_partition(bs);
    }
    obt_decide(records, whats, &turn);
    if (turn.what == OBT_NOTHING) {
        obt_take_over(records, crcs, bs->app_count, has_factory(), ROLLBACK, &turn);
        if (turn.what != OBT_NOTHING) {
            update(turn.what);
        }
    }
    selected = turn.what;
    after = obt_boot(selected, ROLLBACK);
    if (after != selected) {
        update(after);
    }
    first = obt_candidate(selected, 0U, bs->app_count, has_factory());
    return (first == OBT_FACTORY) ? FACTORY_INDEX : (int)first;
}

/* Fills in the places that are tried, each once, and returns how many they are. */
static uint32_t order_of_trying(uint32_t places[MAX_OTA_SLOTS + 1]) {
    uint32_t seen = 0U;
    uint32_t count = 0U;

    for (uint32_t number = 0U; number < (2U * (MAX_OTA_SLOTS + 2U)); number++) {
        const uint32_t place = obt_candidate(selected, number, table->app_count, has_factory());

        if (place == OBT_NO_PLACE) { break; }
        if (((seen >> place) & 1U) == 0U) {
            seen |= 1UL << place;
            places[count] = place;
            count++;
        }
    }
    return count;
}

/* Whether ESP-IDF is going to start an image, and there is something to note of it: a first boot, or a version to burn. */
static bool starts_anew(const esp_partition_pos_t *part, bool is_first, uint32_t *version) {
    esp_image_metadata_t data;

    *version = 0U;
    if (part->size == 0U) { return false; }
#ifdef CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
    esp_app_desc_t description;

    if (bootloader_common_get_partition_description(part, &description) != ESP_OK) { return false; }
    *version = description.secure_version;
    if (!esp_efuse_check_secure_version(*version)) { return false; }
#endif
    if (!is_first && (*version <= esp_efuse_read_secure_version())) { return false; }
    return esp_image_verify(ESP_IMAGE_VERIFY, part, &data) == ESP_OK;
}

/* Notes the image that a first boot starts, and burns the secure version of one that is accepted. */
static void note_start(const uint32_t *places, uint32_t count) {
    const bool is_first = turn.what == OBT_NOTHING;
    uint32_t version;

    for (uint32_t at = 0U; (at < count) && (is_first || (ANTI_ROLLBACK && obt_burns(turn.what, places[at]))); at++) {
        const esp_partition_pos_t part = position_of(places[at]);

        if (starts_anew(&part, is_first, &version)) {
            if (is_first) { update(obt_first(places[at])); }
            if (ANTI_ROLLBACK) { (void)esp_efuse_update_secure_version(version); }
            return;
        }
    }
}

/* ESP-IDF tries the slots of a table downwards and then factory: it is given a table in the order of trying. */
void __wrap_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index) {
    static bootloader_state_t order;
    uint32_t places[MAX_OTA_SLOTS + 1];
    uint32_t count;

    if ((table == NULL) || (start_index < FACTORY_INDEX)) {
        __real_bootloader_utility_load_boot_image(bs, start_index);
        return;
    }
    count = order_of_trying(places);
    note_start(places, count);
    order = *bs;
    (void)memset(&order.factory, 0, sizeof(order.factory));
    if (count > MAX_OTA_SLOTS) {
        count--;
        order.factory = position_of(places[count]);
    }
    for (uint32_t at = 0U; at < count; at++) {
        order.ota[count - 1U - at] = position_of(places[at]);
    }
    order.app_count = count;
    __real_bootloader_utility_load_boot_image(&order, (int)count - 1);
}
