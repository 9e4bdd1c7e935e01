/* A stub for the tests: the power cuts of ESP-IDF's emulated flash. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define ESP_PARTITION_FAIL_AFTER_MODE_BOTH 0x03
void esp_partition_fail_after(size_t count, uint8_t mode);
