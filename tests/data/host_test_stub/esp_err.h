/* A stub for the tests: what a host test uses of ESP-IDF's errors. */
#pragma once
#include <stdint.h>

typedef int esp_err_t;
#define ESP_OK 0
#define ESP_FAIL -1
#define ESP_ERR_NO_MEM 0x101
#define ESP_ERR_INVALID_ARG 0x102
#define ESP_ERR_INVALID_STATE 0x103
#define ESP_ERR_INVALID_SIZE 0x104
#define ESP_ERR_NOT_FOUND 0x105
#define ESP_ERR_OTA_PARTITION_CONFLICT 0x1501
#define ESP_ERR_OTA_VALIDATE_FAILED 0x1503
#define ESP_ERR_OTA_ROLLBACK_FAILED 0x1505
#define ESP_ERR_OTA_ROLLBACK_INVALID_STATE 0x1506
#define ESP_ERR_OTA_ALREADY_IN_PROGRESS 0x1507
#define ESP_ERR_IMAGE_INVALID 0x2002
#define ESP_ERR_FLASH_OP_FAIL 0x6001
