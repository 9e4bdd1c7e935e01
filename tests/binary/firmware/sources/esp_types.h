/* What lies in flash, and what the bootloader keeps of it: ESP-IDF's names and layouts (5.x), our own text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int esp_err_t;
#define ESP_OK 0
#define ESP_FAIL (-1)
#define ESP_ERR_INVALID_STATE 0x103
#define ESP_ERR_NOT_FOUND 0x105

#define FLASH_SECTOR_SIZE 0x1000u
#ifndef CONFIG_TABLE_OFFSET
#define CONFIG_TABLE_OFFSET 0x8000u
#endif
#define TABLE_OFFSET CONFIG_TABLE_OFFSET
#define TABLE_MAX_LENGTH 0xC00u
#define TABLE_MAX_ROWS (TABLE_MAX_LENGTH / sizeof(esp_partition_info_t))

#define FACTORY_INDEX (-1)
#define TEST_APP_INDEX (-2)
#define INVALID_INDEX (-99)
#define MAX_OTA_SLOTS 16

#define SEQ_EMPTY UINT32_MAX

enum ota_img_state {
    OTA_IMG_NEW = 0,
    OTA_IMG_PENDING_VERIFY = 1,
    OTA_IMG_VALID = 2,
    OTA_IMG_INVALID = 3,
    OTA_IMG_ABORTED = 4,
};

/* An otadata record: 32 bytes, the check word covers ota_seq alone. */
typedef struct {
    uint32_t ota_seq;
    uint8_t seq_label[20];
    uint32_t ota_state;
    uint32_t crc;
} esp_ota_select_entry_t;

typedef struct {
    uint32_t offset;
    uint32_t size;
} esp_partition_pos_t;

#define ROW_MAGIC 0x50AA
#define ROW_MAGIC_MD5 0xEBEB
#define ROW_MAGIC_END 0xFFFF

enum { TYPE_APP = 0, TYPE_DATA = 1 };
enum { APP_FACTORY = 0x00, APP_OTA = 0x10, APP_TEST = 0x20 };
enum { DATA_OTA = 0 };
#define SLOT_MASK 0x0F

/* A row of the partition table: 32 bytes. */
typedef struct {
    uint16_t magic;
    uint8_t type;
    uint8_t subtype;
    esp_partition_pos_t pos;
    uint8_t label[16];
    uint32_t flags;
} esp_partition_info_t;

typedef struct {
    esp_partition_pos_t ota_info;
    esp_partition_pos_t factory;
    esp_partition_pos_t test;
    esp_partition_pos_t ota[MAX_OTA_SLOTS];
    uint32_t app_count;
    uint32_t selected_subtype;
} bootloader_state_t;

typedef struct {
    uint8_t magic;
    uint8_t segment_count;
    uint8_t spi_mode;
    uint8_t spi_speed_and_size;
    uint32_t entry_addr;
    uint8_t more[16];
} esp_image_header_t;

typedef struct {
    uint32_t load_addr;
    uint32_t data_len;
} esp_image_segment_header_t;

/* What bootloader_load_image leaves of the image that passed. */
typedef struct {
    uint32_t start_addr;
    esp_image_header_t image;
    esp_image_segment_header_t segments[16];
    uint32_t segment_data[16];
    uint32_t image_len;
    uint8_t image_digest[32];
    uint32_t secure_version;
} esp_image_metadata_t;

#define APP_DESC_MAGIC 0xABCD5432u
#define APP_DESC_OFFSET (sizeof(esp_image_header_t) + sizeof(esp_image_segment_header_t))

typedef struct {
    uint32_t magic_word;
    uint32_t secure_version;
    uint8_t more[248];
} esp_app_desc_t;

_Static_assert(sizeof(esp_ota_select_entry_t) == 32, "otadata record");
_Static_assert(sizeof(esp_partition_info_t) == 32, "row of the partition table");
_Static_assert(sizeof(bootloader_state_t) == 160, "bootloader_state_t of ESP-IDF 5.x");
_Static_assert(sizeof(esp_image_metadata_t) == 260, "esp_image_metadata_t of ESP-IDF 5.1");
_Static_assert(sizeof(esp_app_desc_t) == 256, "description of an application");
