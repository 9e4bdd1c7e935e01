/* What the glue of the selector uses of ESP-IDF, in our own words: enough to build and to run it on a computer. */
#ifndef IDF_STUB_H
#define IDF_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t esp_err_t;
#define ESP_OK 0
#define ESP_ERR_NO_MEM 0x101
#define ESP_ERR_INVALID_ARG 0x102
#define ESP_ERR_INVALID_STATE 0x103
#define ESP_ERR_NOT_FOUND 0x105
#define ESP_ERR_OTA_VALIDATE_FAILED 0x1503
#define ESP_ERR_OTA_SMALL_SEC_VER 0x1504
#define ESP_ERR_OTA_ROLLBACK_FAILED 0x1505
#define ESP_ERR_FLASH_OP_FAIL 0x6001

typedef enum { ESP_PARTITION_TYPE_APP = 0, ESP_PARTITION_TYPE_DATA = 1 } esp_partition_type_t;
typedef enum {
    ESP_PARTITION_SUBTYPE_APP_FACTORY = 0,
    ESP_PARTITION_SUBTYPE_DATA_OTA = 0,
    ESP_PARTITION_SUBTYPE_APP_OTA_MIN = 0x10,
    ESP_PARTITION_SUBTYPE_ANY = 0xff
} esp_partition_subtype_t;
typedef struct {
    esp_partition_type_t type;
    esp_partition_subtype_t subtype;
    uint32_t address;
    uint32_t size;
} esp_partition_t;
typedef struct {
    uint32_t offset;
    uint32_t size;
} esp_partition_pos_t;
typedef struct {
    uint32_t secure_version;
} esp_app_desc_t;
typedef struct {
    uint32_t start_addr;
} esp_image_metadata_t;
typedef enum { ESP_IMAGE_VERIFY } esp_image_load_mode_t;
typedef uint32_t esp_ota_handle_t;
typedef uint32_t esp_ota_img_states_t;
typedef struct {
    uint32_t ota_seq;
    uint8_t seq_label[20];
    uint32_t ota_state;
    uint32_t crc;
} esp_ota_select_entry_t;

#define MAX_OTA_SLOTS 16
#define FLASH_SECTOR_SIZE 0x1000
#define FACTORY_INDEX (-1)
typedef struct {
    esp_partition_pos_t ota_info;
    esp_partition_pos_t factory;
    esp_partition_pos_t test;
    esp_partition_pos_t ota[MAX_OTA_SLOTS];
    uint32_t app_count;
    uint32_t selected_subtype;
} bootloader_state_t;

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char *label);
esp_err_t esp_partition_read(const esp_partition_t *partition, size_t offset, void *to, size_t size);
esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *from, size_t size);
const esp_partition_t *esp_ota_get_running_partition(void);
uint8_t esp_ota_get_app_partition_count(void);
esp_err_t esp_ota_get_partition_description(const esp_partition_t *partition, esp_app_desc_t *description);
esp_err_t esp_image_verify(esp_image_load_mode_t mode, const esp_partition_pos_t *part, esp_image_metadata_t *data);
bool esp_efuse_check_secure_version(uint32_t version);
uint32_t esp_efuse_read_secure_version(void);
esp_err_t esp_efuse_update_secure_version(uint32_t version);
bool esp_flash_encryption_enabled(void);
uint32_t esp_rom_crc32_le(uint32_t crc, const uint8_t *data, uint32_t size);
void esp_restart(void);

uint32_t bootloader_common_ota_select_crc(const esp_ota_select_entry_t *entry);
esp_err_t bootloader_flash_read(size_t address, void *to, size_t size, bool decrypts);
esp_err_t bootloader_flash_write(size_t address, void *from, size_t size, bool encrypts);
esp_err_t bootloader_flash_erase_sector(size_t sector);

#endif
