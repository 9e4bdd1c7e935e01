#include "esp_ota_ops.h"

/* Begin an update, where no other image is marked to boot next. */
esp_err_t begin_update(const esp_partition_t *target,
                       esp_ota_handle_t *update)
{
    if (esp_ota_get_boot_partition() != esp_ota_get_running_partition()) {
        return ESP_ERR_INVALID_STATE; /* restart into the marked one */
    }
    return esp_ota_begin(target, OTA_SIZE_UNKNOWN, update);
}
