#include "esp_idf_version.h"
#include "esp_ota_ops.h"

#if ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(5, 5, 0)
#include "bootloader_common.h"
#include "esp_partition.h"
#define SECTOR 4096

/* Erase the image of the record that does not decide, then the record. */
static esp_err_t erase_last_boot(const esp_partition_t *other)
{
    const esp_partition_t *otadata = esp_partition_find_first(
        ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_OTA, NULL);
    esp_ota_select_entry_t records[2];
    for (int i = 0; i < 2; i++) {
        esp_err_t err = otadata == NULL ? ESP_ERR_NOT_FOUND
            : esp_partition_read(otadata, i * SECTOR, &records[i],
                                 sizeof(records[i]));
        if (err != ESP_OK) {
            return err;
        }
    }
    int deciding = bootloader_common_get_active_otadata(records);
    if (deciding < 0) {
        return ESP_FAIL;
    }
    int spare = 1 - deciding;
    const esp_ota_select_entry_t *last = &records[spare];
    unsigned slot = other->subtype - ESP_PARTITION_SUBTYPE_APP_OTA_0;
    if (last->ota_seq == UINT32_MAX ||
        last->crc != bootloader_common_ota_select_crc(last) ||
        (last->ota_seq - 1) % 2 != slot) { /* of two OTA slots */
        return ESP_FAIL;
    }
    esp_err_t err = esp_partition_erase_range(other, 0, other->size);
    if (err == ESP_OK) {
        err = esp_partition_erase_range(otadata, spare * SECTOR, SECTOR);
    }
    return err;
}
#else
#define erase_last_boot(other) esp_ota_erase_last_boot_app_partition()
#endif

/* Begin an update; the other image and its record go first. */
esp_err_t begin_update(const esp_partition_t *target,
                       esp_ota_handle_t *update)
{
    esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
    esp_ota_get_state_partition(esp_ota_get_running_partition(), &state);
    if (state == ESP_OTA_IMG_PENDING_VERIFY) {
        /* Accept it, or give it up, first. */
        return ESP_ERR_INVALID_STATE;
    }
    esp_err_t err = erase_last_boot(target);
    if (err != ESP_OK && err != ESP_FAIL) {
        return err; /* ESP_FAIL: there is no other image */
    }
    return esp_ota_begin(target, OTA_SIZE_UNKNOWN, update);
}
