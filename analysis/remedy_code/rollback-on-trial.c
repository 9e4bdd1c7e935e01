#include "esp_ota_ops.h"

/* Give the running image up, where it is on trial. */
esp_err_t give_up_update(void)
{
    esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
    esp_ota_get_state_partition(esp_ota_get_running_partition(), &state);
    if (state != ESP_OTA_IMG_PENDING_VERIFY) {
        return ESP_ERR_OTA_ROLLBACK_INVALID_STATE;
    }
    return esp_ota_mark_app_invalid_rollback_and_reboot();
}
