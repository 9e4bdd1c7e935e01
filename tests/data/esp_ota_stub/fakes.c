/* Each function prints its name, and does what the arguments of the program say: state, boot partition, flag, error. */
#include <stdio.h>
#include <stdlib.h>

#include <string.h>

#include "bootloader_common.h"
#include "esp_ota_ops.h"
#include "esp_partition.h"
#include "esp_system.h"
#include "nvs.h"

static struct esp_partition otadata = {ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_OTA, 0xd000, 0x2000};
static struct esp_partition slots[2] = {
    {ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_APP_OTA_0, 0x10000, 0x10000},
    {ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_APP_OTA_0 + 1, 0x20000, 0x10000},
};
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

esp_err_t esp_ota_write(esp_ota_handle_t handle, const void *data, size_t size)
{
    (void)handle, (void)data, (void)size;
    return called("write", ESP_OK);
}

esp_err_t esp_ota_abort(esp_ota_handle_t handle)
{
    (void)handle;
    return called("abort", ESP_OK);
}

const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start_from)
{
    (void)start_from;
    return &slots[1];
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

unsigned char records[2][32];
/* The two records of otadata, 32 bytes each. */

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype, const char *label)
{
    (void)label;
    return type == otadata.type && subtype == otadata.subtype ? &otadata : NULL;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t src_offset, void *dst, size_t size)
{
    if (partition != &otadata || src_offset % 0x1000 || size != 32) {
        return called("bad_read", ESP_FAIL);
    }
    memcpy(dst, records[src_offset / 0x1000], size);
    return ESP_OK;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    printf("%zx+%zx ", partition->address + offset, size);
    return erase_error;
}

/* The CRC-32 of the 4 bytes of the number, least significant bit first, as the ROM computes it from 0xffffffff. */
uint32_t bootloader_common_ota_select_crc(const esp_ota_select_entry_t *s)
{
    uint32_t crc = 0;
    for (int bit = 0; bit < 32; bit++) {
        uint32_t out = (crc ^ s->ota_seq >> bit) & 1;
        crc = crc >> 1 ^ (out ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* As docs/spec/life-cycle.md has it: of the records that are not rejected and whose check word is right, the newest. */
int bootloader_common_get_active_otadata(esp_ota_select_entry_t *two_otadata)
{
    int is_usable[2];
    for (int i = 0; i < 2; i++) {
        const esp_ota_select_entry_t *record = &two_otadata[i];
        int is_rejected = record->ota_state == ESP_OTA_IMG_INVALID || record->ota_state == ESP_OTA_IMG_ABORTED;
        is_usable[i] = record->ota_seq != UINT32_MAX && !is_rejected
            && record->crc == bootloader_common_ota_select_crc(record);
    }
    if (is_usable[0] && is_usable[1]) {
        return two_otadata[0].ota_seq >= two_otadata[1].ota_seq ? 0 : 1;
    }
    return is_usable[0] ? 0 : is_usable[1] ? 1 : -1;
}
