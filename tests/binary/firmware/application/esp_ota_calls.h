/* What an application calls to choose, accept and refuse images. */
#pragma once

#include "partition_api.h"

esp_err_t esp_ota_begin(const esp_partition_t *partition, size_t image_size, uint32_t *handle);
uint8_t esp_ota_get_app_partition_count(void);
esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition);
esp_err_t esp_ota_get_state_partition(const esp_partition_t *partition, uint32_t *state);
esp_err_t esp_ota_get_partition_description(const esp_partition_t *partition, esp_app_desc_t *description);
bool esp_ota_check_rollback_is_possible(void);
esp_err_t esp_ota_erase_last_boot_app_partition(void);
esp_err_t esp_ota_invalidate_inactive_ota_data_slot(void);
esp_err_t esp_ota_mark_app_valid_cancel_rollback(void);
esp_err_t esp_ota_mark_app_invalid_rollback_and_reboot(void);
