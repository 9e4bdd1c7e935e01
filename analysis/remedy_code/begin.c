#include "esp_ota_ops.h"

/* Begin an update. */
esp_err_t begin_update(const esp_partition_t *target,
                       esp_ota_handle_t *update)
{
    return esp_ota_begin(target, OTA_SIZE_UNKNOWN, update);
}
