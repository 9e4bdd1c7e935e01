/* What an application calls and this room has not: partitions, image verification, ROM. ESP-IDF's names, our own text. */
#pragma once

#include "esp_types.h"

#define ESP_ERR_NO_MEM 0x101
#define ESP_ERR_INVALID_ARG 0x102
#define ESP_ERR_NOT_SUPPORTED 0x106
#define ESP_ERR_OTA_PARTITION_CONFLICT 0x1501
#define ESP_ERR_OTA_VALIDATE_FAILED 0x1503
#define ESP_ERR_OTA_SMALL_SEC_VER 0x1504
#define ESP_ERR_OTA_ROLLBACK_FAILED 0x1505
#define ESP_ERR_OTA_ROLLBACK_INVALID_STATE 0x1506
#define ESP_ERR_OTA_ALREADY_IN_PROGRESS 0x1507

enum { TYPE_BOOTLOADER = 2 };

typedef struct {
    void *flash_chip;
    int type;
    int subtype;
    uint32_t address;
    uint32_t size;
    uint32_t erase_size;
    char label[17];
    bool encrypted;
    bool readonly;
} esp_partition_t;

typedef enum { ESP_IMAGE_VERIFY = 0 } esp_image_load_mode_t;

const esp_partition_t *esp_partition_find_first(int type, int subtype, const char *label);
const esp_partition_t *esp_partition_verify(const esp_partition_t *partition);
esp_err_t esp_partition_mmap(const esp_partition_t *partition, size_t offset, size_t size, int memory, const void **out,
                             uint32_t *handle);
void esp_partition_munmap(uint32_t handle);
esp_err_t esp_partition_read(const esp_partition_t *partition, size_t offset, void *into, size_t size);
esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size);
esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *from, size_t size);
esp_err_t esp_image_verify(esp_image_load_mode_t mode, const esp_partition_pos_t *part, esp_image_metadata_t *data);
void esp_image_bootloader_offset_set(uint32_t offset);
void *calloc(size_t count, size_t size);
const esp_partition_t *esp_ota_get_running_partition(void);
const esp_app_desc_t *esp_ota_get_app_description(void);
void esp_restart(void) __attribute__((noreturn));
void abort(void) __attribute__((noreturn));
