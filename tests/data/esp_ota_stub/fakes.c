/* Each function prints its name, and does what the arguments of the program say: state, boot partition, flag, error. */
#include <stdio.h>
#include <stdlib.h>

#include "esp_ota_ops.h"
#include "esp_system.h"
#include "nvs.h"

struct esp_partition {
    int number;
};
static struct esp_partition slots[2];
unsigned state;
int other_is_marked, flag, erase_error, end_error;

static esp_err_t called(const char *name, esp_err_t err)
{
    printf("%s ", name);
    return err;
}

esp_err_t esp_ota_begin(const esp_partition_t *partition, size_t image_size, esp_ota_handle_t *out_handle)
{
    (void)partition;
    *out_handle = (esp_ota_handle_t)image_size;
    return called("begin", ESP_OK);
}

esp_err_t esp_ota_end(esp_ota_handle_t handle)
{
    (void)handle;
    return called("end", end_error);
}

esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition)
{
    (void)partition;
    return called("set_boot", ESP_OK);
}

const esp_partition_t *esp_ota_get_boot_partition(void)
{
    return &slots[other_is_marked];
}

const esp_partition_t *esp_ota_get_running_partition(void)
{
    return &slots[0];
}

esp_err_t esp_ota_get_state_partition(const esp_partition_t *partition, esp_ota_img_states_t *ota_state)
{
    (void)partition;
    *ota_state = (esp_ota_img_states_t)state;
    return ESP_OK;
}

esp_err_t esp_ota_erase_last_boot_app_partition(void)
{
    return called("erase_last_boot", erase_error);
}

esp_err_t esp_ota_mark_app_valid_cancel_rollback(void)
{
    return called("mark_valid", ESP_OK);
}

esp_err_t esp_ota_mark_app_invalid_rollback_and_reboot(void)
{
    return called("roll_back", ESP_OK);
}

void esp_restart(void)
{
    printf("restart");
    exit(0);
}

esp_err_t nvs_set_u8(nvs_handle_t handle, const char *key, uint8_t value)
{
    (void)handle, (void)key;
    flag = value;
    return called(value ? "set_flag" : "clear_flag", ESP_OK);
}

esp_err_t nvs_get_u8(nvs_handle_t handle, const char *key, uint8_t *out_value)
{
    (void)handle, (void)key;
    if (flag < 0) {
        return ESP_ERR_NVS_NOT_FOUND;
    }
    *out_value = (uint8_t)flag;
    return ESP_OK;
}

esp_err_t nvs_commit(nvs_handle_t handle)
{
    (void)handle;
    return called("commit", ESP_OK);
}
