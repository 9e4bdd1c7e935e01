#include "esp_ota_ops.h"

/* Begin an update; the other image and its record go first. Needs 5.5. */
esp_err_t begin_update(const esp_partition_t *target,
                       esp_ota_handle_t *update)
{
    esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
    esp_ota_get_state_partition(esp_ota_get_running_partition(), &state);
    if (state == ESP_OTA_IMG_PENDING_VERIFY) {
        /* Accept it, or give it up, first. */
        return ESP_ERR_OTA_ROLLBACK_INVALID_STATE;
    }
    esp_err_t err = esp_ota_erase_last_boot_app_partition();
    if (err != ESP_OK && err != ESP_FAIL) {
        return err; /* ESP_FAIL: there is no other image */
    }
    return esp_ota_begin(target, OTA_SIZE_UNKNOWN, update);
}
