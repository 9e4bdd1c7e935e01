/*
 * The application by turns: what stands in the place of functions of app_update, by --wrap of the linker. Sessions, and
 * all that is done while no record is whole, are ESP-IDF's. See DESIGN.md, "The application".
 */
#include "otadata_in_flash.h"

#include "esp_ota_ops.h"
#include "esp_system.h"

#define SLOT_0 ((uint32_t)ESP_PARTITION_SUBTYPE_APP_OTA_MIN)
#define MOST_SESSIONS 16U

/* ESP-IDF's own function. Those that not every release has are weak: what nobody calls is not missed. */
#define REAL(result, name, ...) __attribute__((weak)) result __real_##name(__VA_ARGS__)

/* The function that stands in its place. */
#define REPLACES(result, name, ...)        \
    REAL(result, name, __VA_ARGS__);       \
    result __wrap_##name(__VA_ARGS__)

/* What is read at the begin of a call; without a whole record the call is ESP-IDF's. */
#define READ_DEVICE_OR(real) \
    device_t device;         \
    if (!read_device(&device)) { return real; }

/* A function without arguments that has an answer of its own. */
#define ANSWERS(result, name, answer)   \
    REPLACES(result, name, void) {      \
        READ_DEVICE_OR(__real_##name()) \
        return answer;                  \
    }

typedef struct {
    uint32_t slots, running;
    obt_turn_t turn;
} device_t;

/* The handles in use, which are never 0, with the slot that each writes, and the one that its end copies to. */
typedef struct {
    esp_ota_handle_t handle;
    uint32_t slot, copy;
} session_t;

static session_t sessions[MOST_SESSIONS];
static bool is_opening;

/* While ESP-IDF opens a session, an erase of data is that of a record, which 5.5 does of itself: it is left out. */
REPLACES(esp_err_t, esp_partition_erase_range, const esp_partition_t *partition, size_t offset, size_t size) {
    if (is_opening && (partition->type == ESP_PARTITION_TYPE_DATA)) { return ESP_OK; }
    return __real_esp_partition_erase_range(partition, offset, size);
}

/* Partitions and places. */

static const esp_partition_t *find_otadata(void) {
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_OTA, NULL);
}

static const esp_partition_t *partition_at(uint32_t place) {
    const uint32_t subtype = (place == OBT_FACTORY) ? (uint32_t)ESP_PARTITION_SUBTYPE_APP_FACTORY : (SLOT_0 + place);

    if (place > OBT_FACTORY) { return NULL; }
    return esp_partition_find_first(ESP_PARTITION_TYPE_APP, (esp_partition_subtype_t)subtype, NULL);
}

static uint32_t slot_of(const esp_partition_t *partition) {
    const uint32_t slot = (uint32_t)partition->subtype - SLOT_0;

    return ((partition->type == ESP_PARTITION_TYPE_APP) && (slot < OBT_MOST_SLOTS)) ? slot : OBT_NO_PLACE;
}

static bool is_slot(const esp_partition_t *partition) { return slot_of(partition) != OBT_NO_PLACE; }

static uint32_t place_of(const esp_partition_t *partition, uint32_t slots) {
    const bool is_app = partition->type == ESP_PARTITION_TYPE_APP;

    if (is_app && (partition->subtype == ESP_PARTITION_SUBTYPE_APP_FACTORY)) { return OBT_FACTORY; }
    return (slot_of(partition) < slots) ? slot_of(partition) : OBT_NO_PLACE;
}

/* Otadata. */

static esp_err_t read_otadata(uint32_t at, void *to, size_t size) {
    return esp_partition_read(find_otadata(), at, to, size);
}

static esp_err_t write_otadata(uint32_t at, const void *from, size_t size) {
    return esp_partition_write(find_otadata(), at, from, size);
}

static esp_err_t erase_otadata(uint32_t at) { return __real_esp_partition_erase_range(find_otadata(), at, SECTOR); }

/* Whether a record is whole. */
static bool read_device(device_t *device) {
    otadata_t otadata;

    if (find_otadata() == NULL) { return false; }
    device->slots = esp_ota_get_app_partition_count();
    device->running = place_of(esp_ota_get_running_partition(), device->slots);
    return read_turn(&otadata, device->slots, partition_at(OBT_FACTORY) != NULL, &device->turn)
           && (device->turn.what != OBT_NOTHING);
}

/* what: the next state, or the error that the call returns. */
static esp_err_t update(device_t *device, uint32_t what) {
    if (!obt_is_state(what)) { return (esp_err_t)what; }
    if (what == device->turn.what) { return ESP_OK; }
    return store(&device->turn, what, device->slots);
}

static bool is_on_trial(const device_t *device) {
    return obt_is_on_trial(device->turn.what, device->running, ROLLBACK);
}

/* Images. */

static bool is_image_whole(const esp_partition_t *partition) {
    const esp_partition_pos_t position = {.offset = partition->address, .size = partition->size};
    esp_image_metadata_t data;

    return esp_image_verify(ESP_IMAGE_VERIFY, &position, &data) == ESP_OK;
}

/* ESP_OK where the secure version is allowed. */
static esp_err_t check_version(const esp_partition_t *partition) {
    esp_app_desc_t description;
    const esp_err_t code = ANTI_ROLLBACK ? esp_ota_get_partition_description(partition, &description) : ESP_OK;

    if (!ANTI_ROLLBACK || (code != ESP_OK)) { return code; }
    return esp_efuse_check_secure_version(description.secure_version) ? ESP_OK : ESP_ERR_OTA_SMALL_SEC_VER;
}

/* Sessions. */

static uint32_t session_of(esp_ota_handle_t handle) {
    uint32_t at = 0U;

    while ((at < MOST_SESSIONS) && (sessions[at].handle != handle)) { at++; }
    return at;
}

static void close_session(esp_ota_handle_t handle) {
    const uint32_t at = session_of(handle);

    if (at < MOST_SESSIONS) { sessions[at].handle = 0U; }
}

REAL(esp_err_t, esp_ota_begin, const esp_partition_t *partition, size_t size, esp_ota_handle_t *handle);
REAL(esp_err_t, esp_ota_resume, const esp_partition_t *partition, size_t erase, size_t at, esp_ota_handle_t *handle);

/* at: OTA_BEGINS, or where a session goes on. */
#define OTA_BEGINS SIZE_MAX
static esp_err_t open_session(const esp_partition_t *partition, size_t size, size_t at, esp_ota_handle_t *handle) {
    const uint32_t session = session_of(0U);
    const bool is_given = (partition != NULL) && (handle != NULL);
    device_t device;
    esp_err_t code = ESP_OK;

    if (session == MOST_SESSIONS) { return ESP_ERR_NO_MEM; }
    if (handle != NULL) { *handle = 0U; }
    if (is_given && is_slot(partition) && (partition != esp_ota_get_running_partition()) && read_device(&device)) {
        const uint32_t target = place_of(partition, device.slots);

        code = update(&device, obt_begin(device.turn.what, device.running, target, ROLLBACK));
        if (code != ESP_OK) { return code; }
        is_opening = true;
    }
    code = (at == OTA_BEGINS) ? __real_esp_ota_begin(partition, size, handle)
                              : __real_esp_ota_resume(partition, size, at, handle);
    is_opening = false;
    if (is_given) { sessions[session] = (session_t){*handle, slot_of(partition), OBT_NO_PLACE}; }
    return code;
}

REPLACES(esp_err_t, esp_ota_begin, const esp_partition_t *partition, size_t size, esp_ota_handle_t *handle) {
    return open_session(partition, size, OTA_BEGINS, handle);
}

REPLACES(esp_err_t, esp_ota_resume, const esp_partition_t *slot, size_t erase, size_t at, esp_ota_handle_t *handle) {
    return open_session(slot, erase, at, handle);
}

REPLACES(esp_err_t, esp_ota_set_final_partition, esp_ota_handle_t handle, const esp_partition_t *final, bool copies) {
    const esp_err_t code = __real_esp_ota_set_final_partition(handle, final, copies);
    const uint32_t at = session_of(handle);

    if ((code == ESP_OK) && (at < MOST_SESSIONS)) { sessions[at].copy = copies ? slot_of(final) : OBT_NO_PLACE; }
    return code;
}

/* Whether what a session writes, or copies to at its end, was selected since it began. */
static bool is_named(esp_ota_handle_t handle, bool ends) {
    READ_DEVICE_OR(false)
    const uint32_t at = session_of(handle);

    if ((handle == 0U) || (at == MOST_SESSIONS)) { return false; }
    return obt_write(device.turn.what, ends ? sessions[at].copy : sessions[at].slot) != OBT_OK;
}

REPLACES(esp_err_t, esp_ota_write, esp_ota_handle_t handle, const void *data, size_t size) {
    return is_named(handle, false) ? ESP_ERR_INVALID_STATE : __real_esp_ota_write(handle, data, size);
}

REPLACES(esp_err_t, esp_ota_write_with_offset, esp_ota_handle_t handle, const void *data, size_t size, uint32_t at) {
    return is_named(handle, false) ? ESP_ERR_INVALID_STATE : __real_esp_ota_write_with_offset(handle, data, size, at);
}

REPLACES(esp_err_t, esp_ota_abort, esp_ota_handle_t handle) {
    close_session(handle);
    return __real_esp_ota_abort(handle);
}

REPLACES(esp_err_t, esp_ota_end, esp_ota_handle_t handle) {
    const bool is_refused = is_named(handle, true);

    close_session(handle);
    if (!is_refused) { return __real_esp_ota_end(handle); }
    (void)__real_esp_ota_abort(handle);
    return ESP_ERR_INVALID_STATE;
}

/* Selection. */

/* Refuses what must not run any more, and erases a slot of it. */
static esp_err_t check_or_erase(const esp_partition_t *partition) {
    const esp_err_t code = check_version(partition);
    const bool is_old = (code == ESP_ERR_OTA_SMALL_SEC_VER) && is_slot(partition);
    const esp_err_t erased = is_old ? __real_esp_partition_erase_range(partition, 0U, partition->size) : ESP_OK;

    return (erased == ESP_OK) ? code : erased;
}

static esp_err_t set_boot(device_t *device, const esp_partition_t *partition) {
    const uint32_t target = place_of(partition, device->slots);
    const uint32_t what = obt_set_boot(device->turn.what, device->running, target, ROLLBACK);
    const bool is_new = obt_is_state(what) && !is_on_trial(device);
    const esp_err_t code = is_new ? check_or_erase(partition) : ESP_OK;

    return (code == ESP_OK) ? update(device, what) : code;
}

REPLACES(esp_err_t, esp_ota_set_boot_partition, const esp_partition_t *partition) {
    READ_DEVICE_OR(__real_esp_ota_set_boot_partition(partition))
    if (partition == NULL) { return ESP_ERR_INVALID_ARG; }
    return is_image_whole(partition) ? set_boot(&device, partition) : ESP_ERR_OTA_VALIDATE_FAILED;
}

REPLACES(esp_err_t, esp_ota_set_boot_partition_skip_validate, const esp_partition_t *partition) {
    READ_DEVICE_OR(__real_esp_ota_set_boot_partition_skip_validate(partition))
    return (partition == NULL) ? ESP_ERR_INVALID_ARG : set_boot(&device, partition);
}

ANSWERS(const esp_partition_t *, esp_ota_get_boot_partition, partition_at(obt_current(device.turn.what)))

REPLACES(esp_err_t, esp_ota_get_state_partition, const esp_partition_t *partition, esp_ota_img_states_t *state) {
    const bool is_of_slot = (partition != NULL) && (state != NULL) && is_slot(partition);

    READ_DEVICE_OR(__real_esp_ota_get_state_partition(partition, state))
    if (!is_of_slot) { return __real_esp_ota_get_state_partition(partition, state); }
    const uint32_t told = obt_slot_state(device.turn.what, device.running, place_of(partition, device.slots), ROLLBACK);

    if (told == OBT_NOT_FOUND) { return ESP_ERR_NOT_FOUND; }
    *state = (esp_ota_img_states_t)told;
    return ESP_OK;
}

/* Acceptance and rollback. */

static esp_err_t accept(device_t *device) {
    const bool burns = ANTI_ROLLBACK && is_on_trial(device);
    esp_app_desc_t description;
    esp_err_t code = update(device, obt_accept(device->turn.what, device->running, ROLLBACK));

    if (!burns || (code != ESP_OK)) { return code; }
    code = esp_ota_get_partition_description(esp_ota_get_running_partition(), &description);
    return (code == ESP_OK) ? esp_efuse_update_secure_version(description.secure_version) : code;
}

static bool can_go_back(const device_t *device) {
    const esp_partition_t *back = partition_at(obt_way_back(device->turn.what, device->running, ROLLBACK));

    return (back != NULL) && is_image_whole(back) && (check_version(back) == ESP_OK);
}

static esp_err_t refuse(device_t *device) {
    if (!can_go_back(device)) { return ESP_ERR_OTA_ROLLBACK_FAILED; }
    return update(device, obt_refuse(device->turn.what, device->running, ROLLBACK));
}

static esp_err_t refuse_and_restart(device_t *device) {
    const esp_err_t code = refuse(device);

    if (code == ESP_OK) { esp_restart(); }
    return code;
}

static const esp_partition_t *last_refused(const device_t *device) {
    const esp_partition_t *refused = partition_at(obt_last_refused(device->turn.what, device->running));

    return ((refused != NULL) && is_image_whole(refused)) ? refused : NULL;
}

static esp_err_t forget_last(device_t *device) {
    return update(device, obt_forget_last(device->turn.what, device->running));
}

static esp_err_t erase_last(device_t *device) {
    const esp_partition_t *last = partition_at(obt_other(device->turn.what));
    const esp_err_t code = forget_last(device);

    return ((code == ESP_OK) && (last != NULL)) ? __real_esp_partition_erase_range(last, 0U, last->size) : code;
}

ANSWERS(esp_err_t, esp_ota_mark_app_valid_cancel_rollback, accept(&device))
ANSWERS(bool, esp_ota_check_rollback_is_possible, can_go_back(&device))
ANSWERS(esp_err_t, esp_ota_mark_app_invalid_rollback, refuse(&device))
ANSWERS(esp_err_t, esp_ota_mark_app_invalid_rollback_and_reboot, refuse_and_restart(&device))
ANSWERS(const esp_partition_t *, esp_ota_get_last_invalid_partition, last_refused(&device))
ANSWERS(esp_err_t, esp_ota_erase_last_boot_app_partition, erase_last(&device))
ANSWERS(esp_err_t, esp_ota_invalidate_inactive_ota_data_slot, forget_last(&device))
