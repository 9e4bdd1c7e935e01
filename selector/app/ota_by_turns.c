/*
 * The application by turns: what stands in the place of functions of app_update, by --wrap of the linker. Sessions, and
 * all that is done while no record is whole, are ESP-IDF's. See DESIGN.md, "The application".
 */
#include <string.h>

#include "esp_efuse.h"
#include "esp_flash_encrypt.h"
#include "esp_image_format.h"
#include "esp_ota_ops.h"
#include "esp_partition.h"
#include "esp_rom_crc.h"
#include "esp_system.h"
#include "otadata_by_turns.h"
#include "sdkconfig.h"
#include "spi_flash_mmap.h"

#define SECTOR 0x1000U
#define SLOT_0 ((uint32_t)ESP_PARTITION_SUBTYPE_APP_OTA_MIN)
#define MOST_SLOTS 16U
#define MOST_SESSIONS 16U

#ifdef CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE
#define ROLLBACK true
#else
#define ROLLBACK false
#endif

/* Those that not every release has are weak: what nobody calls is not missed. */
#define REPLACES(result, name, ...)                             \
    __attribute__((weak)) result __real_##name(__VA_ARGS__);    \
    result __wrap_##name(__VA_ARGS__)

REPLACES(esp_err_t, esp_ota_begin, const esp_partition_t *partition, size_t size, esp_ota_handle_t *handle);
REPLACES(esp_err_t, esp_ota_resume, const esp_partition_t *partition, size_t erase, size_t at, esp_ota_handle_t *handle);
REPLACES(esp_err_t, esp_ota_set_final_partition, esp_ota_handle_t handle, const esp_partition_t *final, bool copies);
REPLACES(esp_err_t, esp_ota_write, esp_ota_handle_t handle, const void *data, size_t size);
REPLACES(esp_err_t, esp_ota_write_with_offset, esp_ota_handle_t handle, const void *data, size_t size, uint32_t offset);
REPLACES(esp_err_t, esp_ota_end, esp_ota_handle_t handle);
REPLACES(esp_err_t, esp_ota_abort, esp_ota_handle_t handle);
REPLACES(esp_err_t, esp_ota_set_boot_partition, const esp_partition_t *partition);
REPLACES(esp_err_t, esp_ota_set_boot_partition_skip_validate, const esp_partition_t *partition);
REPLACES(const esp_partition_t *, esp_ota_get_boot_partition, void);
REPLACES(esp_err_t, esp_ota_get_state_partition, const esp_partition_t *partition, esp_ota_img_states_t *state);
REPLACES(esp_err_t, esp_ota_mark_app_valid_cancel_rollback, void);
REPLACES(esp_err_t, esp_ota_mark_app_invalid_rollback, void);
REPLACES(esp_err_t, esp_ota_mark_app_invalid_rollback_and_reboot, void);
REPLACES(bool, esp_ota_check_rollback_is_possible, void);
REPLACES(const esp_partition_t *, esp_ota_get_last_invalid_partition, void);
REPLACES(esp_err_t, esp_ota_erase_last_boot_app_partition, void);
REPLACES(esp_err_t, esp_ota_invalidate_inactive_ota_data_slot, void);
REPLACES(esp_err_t, esp_partition_erase_range, const esp_partition_t *partition, size_t offset, size_t size);

/* What is read at the begin of a call. */
typedef struct {
    const esp_partition_t *otadata;
    uint32_t slots;
    uint32_t running;
    obt_turn_t turn;
} device_t;

/* The handles that are in use, which are never 0, with the slot that each writes, and the one that its end copies to. */
static struct {
    esp_ota_handle_t handle;
    uint32_t slot;
    uint32_t copy;
} sessions[MOST_SESSIONS];
static bool is_opening;

static const esp_partition_t *find_app(uint32_t subtype) {
    return esp_partition_find_first(ESP_PARTITION_TYPE_APP, (esp_partition_subtype_t)subtype, NULL);
}

static const esp_partition_t *partition_at(uint32_t place) {
    if (place == OBT_FACTORY) { return find_app((uint32_t)ESP_PARTITION_SUBTYPE_APP_FACTORY); }
    return (place < MOST_SLOTS) ? find_app(SLOT_0 + place) : NULL;
}

static bool is_slot(const esp_partition_t *partition) {
    return (partition->type == ESP_PARTITION_TYPE_APP) && ((uint32_t)partition->subtype >= SLOT_0)
           && ((uint32_t)partition->subtype < (SLOT_0 + MOST_SLOTS));
}

static uint32_t place_of(const esp_partition_t *partition, uint32_t slots) {
    const uint32_t slot = (uint32_t)partition->subtype - SLOT_0;

    if ((partition->type == ESP_PARTITION_TYPE_APP) && (partition->subtype == ESP_PARTITION_SUBTYPE_APP_FACTORY)) {
        return OBT_FACTORY;
    }
    return (is_slot(partition) && (slot < slots)) ? slot : OBT_NO_PLACE;
}

static uint32_t crc_of(uint32_t seq) { return esp_rom_crc32_le(UINT32_MAX, (const uint8_t *)&seq, sizeof(seq)); }

/* Whether a record is whole. */
static bool read_device(device_t *device) {
    obt_record_t records[2];
    uint32_t whats[2];
    bool has_factory;

    device->otadata = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_OTA, NULL);
    if (device->otadata == NULL) { return false; }
    device->slots = esp_ota_get_app_partition_count();
    device->running = place_of(esp_ota_get_running_partition(), device->slots);
    has_factory = partition_at(OBT_FACTORY) != NULL;
    for (uint32_t at = 0U; at < 2U; at++) {
        if (esp_partition_read(device->otadata, at * SECTOR, &records[at], sizeof(records[at])) != ESP_OK) {
            return false;
        }
        whats[at] = obt_read(&records[at], crc_of(records[at].seq), device->slots, has_factory);
    }
    obt_decide(records, whats, &device->turn);
    return device->turn.what != OBT_NOTHING;
}

/* what: the next state, or the error that the call returns. */
static esp_err_t update(const device_t *device, uint32_t what) {
    const uint32_t at = obt_sector_to_write(&device->turn) * SECTOR;
    const uint32_t seq = obt_next_seq(&device->turn, what, device->slots);
    const size_t part = esp_flash_encryption_enabled() ? sizeof(obt_record_t) : OBT_FIRST_PART;
    obt_record_t record;
    obt_record_t found;
    esp_err_t code;

    if (!obt_is_state(what)) { return (esp_err_t)what; }
    if (what == device->turn.what) { return ESP_OK; }
    if (seq == 0U) { return ESP_ERR_INVALID_STATE; }
    obt_fill(&record, seq, what, crc_of(seq));
    code = __real_esp_partition_erase_range(device->otadata, at, SECTOR);
    if (code == ESP_OK) {
        code = esp_partition_write(device->otadata, at, &record, part);
    }
    if ((code == ESP_OK) && (part < sizeof(record))) {
        code = esp_partition_write(device->otadata, at + part, &record.crc, sizeof(record) - part);
    }
    if ((esp_partition_read(device->otadata, at, &found, sizeof(found)) == ESP_OK)
        && (memcmp(&found, &record, sizeof(found)) == 0)) {
        return ESP_OK;
    }
    return (code == ESP_OK) ? ESP_ERR_FLASH_OP_FAIL : code;
}

static bool is_image_whole(const esp_partition_t *partition) {
    const esp_partition_pos_t position = {.offset = partition->address, .size = partition->size};
    esp_image_metadata_t data;

    return esp_image_verify(ESP_IMAGE_VERIFY, &position, &data) == ESP_OK;
}

/* ESP_OK where the secure version is allowed. */
static esp_err_t check_version(const esp_partition_t *partition) {
#ifdef CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
    esp_app_desc_t description;
    const esp_err_t code = esp_ota_get_partition_description(partition, &description);

    if (code != ESP_OK) { return code; }
    return esp_efuse_check_secure_version(description.secure_version) ? ESP_OK : ESP_ERR_OTA_SMALL_SEC_VER;
#else
    (void)partition;
    return ESP_OK;
#endif
}

/* Sessions. */

static uint32_t session_of(esp_ota_handle_t handle) {
    uint32_t at = 0U;

    while ((at < MOST_SESSIONS) && (sessions[at].handle != handle)) { at++; }
    return at;
}

static uint32_t slot_of(const esp_partition_t *partition) {
    return is_slot(partition) ? ((uint32_t)partition->subtype - SLOT_0) : OBT_NO_PLACE;
}

static void close_session(esp_ota_handle_t handle) {
    const uint32_t at = session_of(handle);

    if (at < MOST_SESSIONS) { sessions[at].handle = 0U; }
}

/* While ESP-IDF opens a session, an erase of data is that of a record, which 5.5 does of itself: it is left out. */
esp_err_t __wrap_esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size) {
    if (is_opening && (partition->type == ESP_PARTITION_TYPE_DATA)) { return ESP_OK; }
    return __real_esp_partition_erase_range(partition, offset, size);
}

/* at: OTA_BEGINS, or where a session goes on. */
#define OTA_BEGINS SIZE_MAX
static esp_err_t open_session(const esp_partition_t *partition, size_t size, size_t at, esp_ota_handle_t *handle) {
    const uint32_t session = session_of(0U);
    const bool is_given = (partition != NULL) && (handle != NULL);
    const bool is_of_slot = is_given && is_slot(partition) && (partition != esp_ota_get_running_partition());
    device_t device;
    esp_err_t code;

    if (session == MOST_SESSIONS) { return ESP_ERR_NO_MEM; }
    if (handle != NULL) { *handle = 0U; }
    if (is_of_slot && read_device(&device)) {
        const uint32_t target = place_of(partition, device.slots);

        code = update(&device, obt_begin(device.turn.what, device.running, target, ROLLBACK));
        if (code != ESP_OK) { return code; }
        is_opening = true;
    }
    code = (at == OTA_BEGINS) ? __real_esp_ota_begin(partition, size, handle)
                              : __real_esp_ota_resume(partition, size, at, handle);
    is_opening = false;
    if (is_given) {
        sessions[session].handle = *handle;
        sessions[session].slot = slot_of(partition);
        sessions[session].copy = OBT_NO_PLACE;
    }
    return code;
}

esp_err_t __wrap_esp_ota_begin(const esp_partition_t *partition, size_t size, esp_ota_handle_t *handle) {
    return open_session(partition, size, OTA_BEGINS, handle);
}

esp_err_t __wrap_esp_ota_resume(const esp_partition_t *partition, size_t erase, size_t at, esp_ota_handle_t *handle) {
    return open_session(partition, erase, at, handle);
}

esp_err_t __wrap_esp_ota_set_final_partition(esp_ota_handle_t handle, const esp_partition_t *final, bool copies) {
    const esp_err_t code = __real_esp_ota_set_final_partition(handle, final, copies);
    const uint32_t at = session_of(handle);

    if ((code == ESP_OK) && (at < MOST_SESSIONS)) { sessions[at].copy = copies ? slot_of(final) : OBT_NO_PLACE; }
    return code;
}

static esp_err_t check_unselected(uint32_t slot) {
    device_t device;

    return read_device(&device) ? (esp_err_t)obt_write(device.turn.what, slot) : ESP_OK;
}

static esp_err_t check_write(esp_ota_handle_t handle) {
    const uint32_t at = session_of(handle);

    return ((handle == 0U) || (at == MOST_SESSIONS)) ? ESP_OK : check_unselected(sessions[at].slot);
}

esp_err_t __wrap_esp_ota_write(esp_ota_handle_t handle, const void *data, size_t size) {
    const esp_err_t code = check_write(handle);

    return (code == ESP_OK) ? __real_esp_ota_write(handle, data, size) : code;
}

esp_err_t __wrap_esp_ota_write_with_offset(esp_ota_handle_t handle, const void *data, size_t size, uint32_t offset) {
    const esp_err_t code = check_write(handle);

    return (code == ESP_OK) ? __real_esp_ota_write_with_offset(handle, data, size, offset) : code;
}

esp_err_t __wrap_esp_ota_end(esp_ota_handle_t handle) {
    const uint32_t at = session_of(handle);
    const bool is_known = (handle != 0U) && (at < MOST_SESSIONS);
    const esp_err_t code = is_known ? check_unselected(sessions[at].copy) : ESP_OK;

    close_session(handle);
    if (code == ESP_OK) { return __real_esp_ota_end(handle); }
    (void)__real_esp_ota_abort(handle);
    return code;
}

esp_err_t __wrap_esp_ota_abort(esp_ota_handle_t handle) {
    close_session(handle);
    return __real_esp_ota_abort(handle);
}

/* Selection. */

/* Erases what must not run any more, and refuses it. */
static esp_err_t check_or_erase(const esp_partition_t *partition) {
    const esp_err_t code = check_version(partition);
    esp_err_t erased = ESP_OK;

    if (code == ESP_ERR_OTA_SMALL_SEC_VER) { erased = __real_esp_partition_erase_range(partition, 0U, partition->size); }
    return (erased == ESP_OK) ? code : erased;
}

static esp_err_t set_boot(const device_t *device, const esp_partition_t *partition) {
    const uint32_t target = place_of(partition, device->slots);
    const uint32_t what = obt_set_boot(device->turn.what, device->running, target, ROLLBACK);
    esp_err_t code = ESP_OK;

    if (obt_is_state(what) && is_slot(partition) && !obt_is_on_trial(device->turn.what, device->running, ROLLBACK)) {
        code = check_or_erase(partition);
    }
    return (code == ESP_OK) ? update(device, what) : code;
}

esp_err_t __wrap_esp_ota_set_boot_partition(const esp_partition_t *partition) {
    device_t device;

    if ((partition == NULL) || !read_device(&device)) { return __real_esp_ota_set_boot_partition(partition); }
    return is_image_whole(partition) ? set_boot(&device, partition) : ESP_ERR_OTA_VALIDATE_FAILED;
}

esp_err_t __wrap_esp_ota_set_boot_partition_skip_validate(const esp_partition_t *partition) {
    device_t device;

    if ((partition == NULL) || !read_device(&device)) {
        return __real_esp_ota_set_boot_partition_skip_validate(partition);
    }
    return set_boot(&device, partition);
}

const esp_partition_t *__wrap_esp_ota_get_boot_partition(void) {
    device_t device;

    if (!read_device(&device)) { return __real_esp_ota_get_boot_partition(); }
    return partition_at(obt_current(device.turn.what));
}

esp_err_t __wrap_esp_ota_get_state_partition(const esp_partition_t *partition, esp_ota_img_states_t *state) {
    device_t device;
    uint32_t found;

    if ((partition == NULL) || (state == NULL) || !is_slot(partition) || !read_device(&device)) {
        return __real_esp_ota_get_state_partition(partition, state);
    }
    found = obt_slot_state(device.turn.what, device.running, place_of(partition, device.slots), ROLLBACK);
    if (found == OBT_NOT_FOUND) { return ESP_ERR_NOT_FOUND; }
    *state = (esp_ota_img_states_t)found;
    return ESP_OK;
}

/* Acceptance and rollback. */

esp_err_t __wrap_esp_ota_mark_app_valid_cancel_rollback(void) {
    device_t device;
    esp_err_t code;

    if (!read_device(&device)) { return __real_esp_ota_mark_app_valid_cancel_rollback(); }
    code = update(&device, obt_accept(device.turn.what, device.running, ROLLBACK));
#ifdef CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
    if ((code == ESP_OK) && obt_is_on_trial(device.turn.what, device.running, ROLLBACK)) {
        esp_app_desc_t description;

        code = esp_ota_get_partition_description(esp_ota_get_running_partition(), &description);
        if (code == ESP_OK) {
            code = esp_efuse_update_secure_version(description.secure_version);
        }
    }
#endif
    return code;
}

static bool can_go_back(const device_t *device) {
    const esp_partition_t *back = partition_at(obt_way_back(device->turn.what, device->running, ROLLBACK));

    return (back != NULL) && is_image_whole(back) && (check_version(back) == ESP_OK);
}

bool __wrap_esp_ota_check_rollback_is_possible(void) {
    device_t device;

    return read_device(&device) ? can_go_back(&device) : __real_esp_ota_check_rollback_is_possible();
}

static esp_err_t refuse(const device_t *device) {
    if (!can_go_back(device)) { return ESP_ERR_OTA_ROLLBACK_FAILED; }
    return update(device, obt_refuse(device->turn.what, device->running, ROLLBACK));
}

esp_err_t __wrap_esp_ota_mark_app_invalid_rollback(void) {
    device_t device;

    return read_device(&device) ? refuse(&device) : __real_esp_ota_mark_app_invalid_rollback();
}

esp_err_t __wrap_esp_ota_mark_app_invalid_rollback_and_reboot(void) {
    device_t device;
    esp_err_t code;

    if (!read_device(&device)) { return __real_esp_ota_mark_app_invalid_rollback_and_reboot(); }
    code = refuse(&device);
    if (code == ESP_OK) { esp_restart(); }
    return code;
}

const esp_partition_t *__wrap_esp_ota_get_last_invalid_partition(void) {
    const esp_partition_t *refused;
    device_t device;

    if (!read_device(&device)) { return __real_esp_ota_get_last_invalid_partition(); }
    refused = partition_at(obt_last_refused(device.turn.what, device.running));
    return ((refused != NULL) && is_image_whole(refused)) ? refused : NULL;
}

esp_err_t __wrap_esp_ota_erase_last_boot_app_partition(void) {
    const esp_partition_t *last;
    device_t device;
    esp_err_t code;

    if (!read_device(&device)) { return __real_esp_ota_erase_last_boot_app_partition(); }
    last = partition_at(obt_other(device.turn.what));
    code = update(&device, obt_forget_last(device.turn.what, device.running));
    return ((code == ESP_OK) && (last != NULL)) ? __real_esp_partition_erase_range(last, 0U, last->size) : code;
}

esp_err_t __wrap_esp_ota_invalidate_inactive_ota_data_slot(void) {
    device_t device;

    if (!read_device(&device)) { return __real_esp_ota_invalidate_inactive_ota_data_slot(); }
    return update(&device, obt_forget_last(device.turn.what, device.running));
}
