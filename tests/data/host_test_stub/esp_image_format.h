/* A stub for the tests: what stands in for ESP-IDF's images. */
#pragma once
#include <stdbool.h>
#include "esp_err.h"

typedef enum { ESP_IMAGE_VERIFY } esp_image_load_mode_t;
typedef struct {
    uint32_t offset;
    uint32_t size;
} esp_partition_pos_t;
typedef struct esp_image_metadata_t esp_image_metadata_t;
typedef struct esp_partition_info_t esp_partition_info_t;

esp_err_t esp_image_verify(esp_image_load_mode_t mode, const esp_partition_pos_t *part, esp_image_metadata_t *data);
esp_err_t esp_partition_table_verify(const esp_partition_info_t *partition_table, bool log_errors,
                                     int *num_partitions);
