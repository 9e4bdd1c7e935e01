/* How an application opens a download. Written from docs/spec and impl/app/esp_ota.py.
 * Rollback is on unless -DCONFIG_ROLLBACK=0; -DCONFIG_BEGIN_OF_5_5=1 has the rules of 5.5 to 6.0: a partition of any type,
 * the handle before the erase, and the erase of the inactive record; -DCONFIG_BEGIN_OF_6_1=1 refuses a second session. */
#include "esp_ota_calls.h"

#include "faults.h"
#include "hooks.h"

#ifndef CONFIG_ROLLBACK
#define CONFIG_ROLLBACK 1
#endif
#ifndef CONFIG_BEGIN_OF_6_1
#define CONFIG_BEGIN_OF_6_1 0
#endif
#ifndef CONFIG_BEGIN_OF_5_5
#define CONFIG_BEGIN_OF_5_5 CONFIG_BEGIN_OF_6_1
#endif

#define WHOLE_PARTITION 0xFFFFFFFFu
#define AS_DATA_COMES 0xFFFFFFFEu

typedef struct session {
    struct session *next;
    const esp_partition_t *target;
    uint32_t handle;
    bool erases_as_data_comes;
} session_t;

/* ESP-IDF's names; kept also where a fault leaves them without use. */
static session_t *s_ota_ops_entries_head __attribute__((used));
static uint32_t s_ota_ops_last_handle __attribute__((used));

static bool is_slot(const esp_partition_t *partition)
{
    return partition->type == TYPE_APP && partition->subtype >= APP_OTA && partition->subtype < APP_TEST;
}

static esp_err_t check_slot(const esp_partition_t *target)
{
    if (!is_slot(target)) {
        return FAULT(factory_may_be_written, ESP_OK, ESP_ERR_INVALID_ARG);
    }
    const esp_partition_t *running = esp_ota_get_running_partition();
    if (FAULT(running_slot_may_be_written, false, target == running)) {
        return ESP_ERR_OTA_PARTITION_CONFLICT;
    }
    uint32_t state = UINT32_MAX;
    const bool is_known = CONFIG_ROLLBACK && esp_ota_get_state_partition(running, &state) == ESP_OK;
    const bool is_pending = is_known && state == FAULT(new_image_is_pending, OTA_IMG_NEW, OTA_IMG_PENDING_VERIFY);
    return is_pending ? ESP_ERR_OTA_ROLLBACK_INVALID_STATE : ESP_OK;
}

static bool is_in_use(const esp_partition_t *target)
{
    for (const session_t *session = s_ota_ops_entries_head; session != NULL; session = session->next) {
        if (session->target == target) {
            return true;
        }
    }
    return false;
}

static session_t *open_session(const esp_partition_t *target, size_t image_size)
{
    session_t *session = calloc(1, sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    FAULT(session_forgotten, (void)0, session->next = s_ota_ops_entries_head; s_ota_ops_entries_head = session);
    session->target = target;
    session->erases_as_data_comes = image_size == AS_DATA_COMES;
    session->handle = FAULT(handle_given_again, s_ota_ops_last_handle, ++s_ota_ops_last_handle);
    return session;
}

static esp_err_t erase_for(const esp_partition_t *target, size_t image_size)
{
    if (FAULT(erased_at_once, false, image_size == AS_DATA_COMES)) {
        return ESP_OK;
    }
    const bool is_unknown = FAULT(no_size_erases_nothing, false, image_size == 0) || image_size == WHOLE_PARTITION;
    const size_t rounded = (image_size + FAULT(rounded_down, 0, FLASH_SECTOR_SIZE - 1)) & ~(FLASH_SECTOR_SIZE - 1);
    const esp_err_t erased = esp_partition_erase_range(target, 0, is_unknown ? target->size : rounded);
    return FAULT(slot_erase_fails_unseen, ESP_OK, erased);
}

static esp_err_t begin_of_5_5(const esp_partition_t *target, size_t image_size, uint32_t *handle)
{
    if (target->type == TYPE_APP) {
        const esp_err_t allowed = check_slot(target);
        if (allowed != ESP_OK) {
            return allowed;
        }
    }
    if (CONFIG_BEGIN_OF_6_1 && is_in_use(target)) {
        return ESP_ERR_OTA_ALREADY_IN_PROGRESS;
    }
    const session_t *session = open_session(target, image_size);
    if (session == NULL) {
        return ESP_ERR_NO_MEM;
    }
    *handle = session->handle;
    if (target->type == TYPE_BOOTLOADER) {
        esp_image_bootloader_offset_set(target->address);
    }
    FAULT(record_before_slot, if (CONFIG_ROLLBACK && is_slot(target)) { esp_ota_invalidate_inactive_ota_data_slot(); }, (void)0);
    const esp_err_t erased = erase_for(target, image_size);
    if (erased != ESP_OK) {
        return erased;
    }
    if (CONFIG_ROLLBACK && FAULT(record_of_any_target, true, is_slot(target))) {
        FAULT(record_kept, (void)0, esp_ota_invalidate_inactive_ota_data_slot());
    }
    return ESP_OK;
}

static esp_err_t begin_of_5_1(const esp_partition_t *target, size_t image_size, uint32_t *handle)
{
    const esp_err_t allowed = check_slot(target);
    if (allowed != ESP_OK) {
        return allowed;
    }
    const esp_err_t erased = erase_for(target, image_size);
    if (erased != ESP_OK) {
        return erased;
    }
    const session_t *session = open_session(target, image_size);
    if (session == NULL) {
        return ESP_ERR_NO_MEM;
    }
    *handle = session->handle;
    return ESP_OK;
}

esp_err_t esp_ota_begin(const esp_partition_t *partition, size_t image_size, uint32_t *handle)
{
    if (partition == NULL || handle == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    const esp_partition_t *target = esp_partition_verify(partition);
    if (target == NULL) {
        return FAULT(unknown_is_invalid, ESP_ERR_INVALID_ARG, ESP_ERR_NOT_FOUND);
    }
    return CONFIG_BEGIN_OF_5_5 ? begin_of_5_5(target, image_size, handle) : begin_of_5_1(target, image_size, handle);
}
