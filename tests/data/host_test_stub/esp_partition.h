/* A stub for the tests: what a host test uses of esp_partition. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "esp_err.h"

typedef enum { ESP_PARTITION_TYPE_APP, ESP_PARTITION_TYPE_DATA } esp_partition_type_t;
typedef enum { ESP_PARTITION_SUBTYPE_DATA_OTA = 0, ESP_PARTITION_SUBTYPE_ANY = 0xff } esp_partition_subtype_t;
typedef struct {
    esp_partition_type_t type;
    uint32_t address;
    uint32_t size;
    char label[17];
} esp_partition_t;
typedef const esp_partition_t *esp_partition_iterator_t;

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char *label);
esp_partition_iterator_t esp_partition_find(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                            const char *label);
esp_partition_iterator_t esp_partition_next(esp_partition_iterator_t iterator);
const esp_partition_t *esp_partition_get(esp_partition_iterator_t iterator);
esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size);
esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *bytes, size_t size);
esp_err_t esp_partition_read(const esp_partition_t *partition, size_t offset, void *bytes, size_t size);
