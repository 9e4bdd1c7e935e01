/*
 * The bootloader by turns: what stands in the place of two functions of bootloader_support, by --wrap of the linker.
 * The table, the pins, the checks of images and the jump are ESP-IDF's. See DESIGN.md, "The bootloader".
 *
 * An image that is loaded may lie over this code, which is not in the bootloader's loader section: all that is here is
 * done before the first image is loaded.
 */
#include "otadata_in_flash.h"

#include "bootloader_flash_priv.h"
#include "bootloader_utility.h"

int __real_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs);
void __real_bootloader_utility_load_boot_image(const bootloader_state_t *bs, int start_index);

/* No header has it from ESP-IDF 5.0 on. */
esp_err_t bootloader_common_get_partition_description(const esp_partition_pos_t *part, esp_app_desc_t *description);

static const bootloader_state_t *table; /* NULL: otadata is none of ours */
static obt_turn_t turn;                 /* what decides */
static uint32_t selected;               /* the state before its note, by which the places are tried */

static esp_err_t read_otadata(uint32_t at, void *to, size_t size) {
    return bootloader_flash_read(table->ota_info.offset + at, to, size, true);
}

static esp_err_t write_otadata(uint32_t at, const void *from, size_t size) {
    const bool is_encrypted = esp_flash_encryption_enabled();

    return bootloader_flash_write(table->ota_info.offset + at, (void *)(uintptr_t)from, size, is_encrypted);
}

static esp_err_t erase_otadata(uint32_t at) {
    return bootloader_flash_erase_sector((table->ota_info.offset + at) / SECTOR);
}

static bool has_factory(void) { return table->factory.offset != 0U; }

/* An update that fails is ignored: what decides is the new state then, or still the old one. */
static void update(uint32_t what) { (void)store(&turn, what, table->app_count); }

static esp_partition_pos_t position_of(uint32_t place) {
    return (place == OBT_FACTORY) ? table->factory : table->ota[place];
}

int __wrap_bootloader_utility_get_selected_boot_partition(const bootloader_state_t *bs) {
    otadata_t otadata;

    table = bs;
    if ((bs->ota_info.offset == 0U) || (bs->ota_info.size < (2U * SECTOR))
        || !read_turn(&otadata, bs->app_count, has_factory(), &turn)) {
        table = NULL;
        return __real_bootloader_utility_get_selected_boot_partition(bs);
    }
    if (turn.what == OBT_NOTHING) {
        obt_take_over(otadata.records, otadata.crcs, bs->app_count, has_factory(), ROLLBACK, &turn);
        if (turn.what != OBT_NOTHING) { update(turn.what); }
    }
    selected = turn.what;
    const uint32_t after = obt_boot(selected, ROLLBACK);
    if (after != selected) { update(after); }
    const uint32_t first = obt_candidate(selected, 0U, bs->app_count, has_factory());
    return (first == OBT_FACTORY) ? FACTORY_INDEX : (int)first;
}

/* Fills in the places that are tried, each once, and returns how many they are. */
static uint32_t order_of_trying(uint32_t places[MAX_OTA_SLOTS + 1]) {
    uint32_t seen = 0U, count = 0U;

    for (uint32_t number = 0U; number < (2U * (MAX_OTA_SLOTS + 2U)); number++) {
        const uint32_t place = obt_candidate(selected, number, table->app_count, has_factory());

        if (place == OBT_NO_PLACE) { break; }
        if (((seen >> place) & 1U) == 0U) { places[count++] = place; }
        seen |= 1UL << place;
    }
    return count;
}

/* Whether ESP-IDF is going to start an image, and something is to note of it: a first boot, or a version to burn. */
static bool starts_anew(const esp_partition_pos_t *part, bool is_first, uint32_t *version) {
    esp_image_metadata_t data;
    esp_app_desc_t description = {.secure_version = 0U};

    if (part->size == 0U) { return false; }
    if (ANTI_ROLLBACK && (bootloader_common_get_partition_description(part, &description) != ESP_OK)) { return false; }
    *version = description.secure_version;
    if (ANTI_ROLLBACK && !esp_efuse_check_secure_version(*version)) { return false; }
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

    if ((table == NULL) || (start_index < FACTORY_INDEX)) {
        __real_bootloader_utility_load_boot_image(bs, start_index);
        return;
    }
    uint32_t count = order_of_trying(places);

    note_start(places, count);
    order = *bs;
    (void)memset(&order.factory, 0, sizeof(order.factory));
    if (count > MAX_OTA_SLOTS) { order.factory = position_of(places[--count]); }
    for (uint32_t at = 0U; at < count; at++) { order.ota[count - 1U - at] = position_of(places[at]); }
    order.app_count = count;
    __real_bootloader_utility_load_boot_image(&order, (int)count - 1);
}
