#include "esp_ota_ops.h"

/* Accept the running image, where it is on trial. */
esp_err_t accept_update(void)
{
    esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
    esp_ota_get_state_partition(esp_ota_get_running_partition(), &state);
    if (state != ESP_OTA_IMG_PENDING_VERIFY) {
        return ESP_OK;
    }
    return esp_ota_mark_app_valid_cancel_rollback();
}
