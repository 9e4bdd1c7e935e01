#include "esp_ota_ops.h"
#include "nvs.h"

static esp_err_t set_download_flag(nvs_handle_t nvs, uint8_t value)
{
    esp_err_t err = nvs_set_u8(nvs, "download", value);
    return err == ESP_OK ? nvs_commit(nvs) : err;
}

/* Begin an update; the flag is in NVS before the slot changes. */
esp_err_t begin_update(nvs_handle_t nvs, const esp_partition_t *target,
                       esp_ota_handle_t *update)
{
    esp_err_t err = set_download_flag(nvs, 1);
    if (err == ESP_OK) {
        err = esp_ota_begin(target, OTA_SIZE_UNKNOWN, update);
    }
    return err;
}

/* Mark the new image, then clear the flag. */
esp_err_t finish_update(nvs_handle_t nvs, esp_ota_handle_t update,
                        const esp_partition_t *target)
{
    esp_err_t err = esp_ota_end(update);
    if (err == ESP_OK) {
        err = esp_ota_set_boot_partition(target);
    }
    return err == ESP_OK ? set_download_flag(nvs, 0) : err;
}

/* Go back to the image before, where no download is unfinished. */
esp_err_t go_back(nvs_handle_t nvs)
{
    uint8_t flag = 0;
    esp_err_t err = nvs_get_u8(nvs, "download", &flag);
    if (err != ESP_OK && err != ESP_ERR_NVS_NOT_FOUND) {
        return err;
    }
    if (flag) {
        return ESP_ERR_INVALID_STATE;
    }
    return esp_ota_mark_app_invalid_rollback_and_reboot();
}
