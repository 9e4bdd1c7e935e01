#include <stdbool.h>
#include <stdint.h>

/* Return how many bytes were read: 0 at the end, less for an error. */
typedef int (*update_source_t)(void *from, void *buffer, size_t size);

/* Download an image into the other slot, and restart into it. */
esp_err_t update_over_the_air(update_source_t read, void *from)
{
    static uint8_t buffer[4096];
    const esp_partition_t *target = esp_ota_get_next_update_partition(NULL);
    esp_ota_handle_t update = 0;
    esp_err_t err = begin_update(target, &update);
    if (err != ESP_OK) {
        return err;
    }
    int count = 0;
    while (err == ESP_OK &&
           (count = read(from, buffer, sizeof(buffer))) > 0) {
        err = esp_ota_write(update, buffer, (size_t)count);
    }
    if (err != ESP_OK || count < 0) {
        esp_ota_abort(update);
        return err != ESP_OK ? err : ESP_FAIL;
    }
    return finish_update(update, target);
}

/* Call once after each start, before an update is asked for. */
esp_err_t settle_update(bool (*works)(void))
{
    esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
    esp_ota_get_state_partition(esp_ota_get_running_partition(), &state);
    if (state != ESP_OTA_IMG_PENDING_VERIFY) {
        return ESP_OK; /* not on trial */
    }
    return works() ? esp_ota_mark_app_valid_cancel_rollback()
                   : esp_ota_mark_app_invalid_rollback_and_reboot();
}
