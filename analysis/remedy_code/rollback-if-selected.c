#include "esp_ota_ops.h"

/* Go back to the image before, where no other one is marked. */
esp_err_t go_back(void)
{
    if (esp_ota_get_boot_partition() != esp_ota_get_running_partition()) {
        return ESP_ERR_INVALID_STATE; /* restart into the marked one */
    }
    return esp_ota_mark_app_invalid_rollback_and_reboot();
}
