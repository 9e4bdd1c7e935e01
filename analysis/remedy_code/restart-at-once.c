#include "esp_ota_ops.h"
#include "esp_system.h"

/* Finish the update and restart into it, with no call in between. */
esp_err_t finish_update(esp_ota_handle_t update,
                        const esp_partition_t *target)
{
    esp_err_t err = esp_ota_end(update);
    if (err == ESP_OK) {
        err = esp_ota_set_boot_partition(target);
    }
    if (err == ESP_OK) {
        esp_restart();
    }
    return err;
}
