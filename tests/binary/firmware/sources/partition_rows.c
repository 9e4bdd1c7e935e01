/* The partition table, and the description of the application in a partition. Written from docs/spec/formats.md,
 * impl/partitions/table.py and impl/bootloader.py. The rules are those of 5.1 unless -DCONFIG_TABLE_RULES says 0x505 or
 * 0x601. */
#include "boot_partition.h"
#include "faults.h"
#include "hooks.h"

#ifndef CONFIG_TABLE_RULES
#define CONFIG_TABLE_RULES 0x501
#endif

static bool is_md5_right(const esp_partition_info_t *rows, int row)
{
    md5_context_t context;
    uint8_t digest[16];
    esp_rom_md5_init(&context);
    esp_rom_md5_update(&context, rows, (uint32_t)FAULT(md5_of_half, row / 2, row) * sizeof *rows);
    esp_rom_md5_final(digest, &context);
    /* The row is EB EB, 14 times FF, then the digest. */
    return FAULT(md5_ignored, true, memcmp((const uint8_t *)&rows[row] + 16, digest, sizeof digest) == 0);
}

esp_err_t esp_partition_table_verify(const esp_partition_info_t *rows, bool log_errors, int *row_count)
{
    const uint32_t chip_size = g_rom_flashchip.chip_size;
    int md5_rows = 0;
    for (int row = 0; row < (int)TABLE_MAX_ROWS; ++row) {
        const esp_partition_info_t *found = &rows[row];
        if (found->magic == ROW_MAGIC) {
            const uint32_t end = found->pos.offset + found->pos.size;
            const bool is_wrapped = CONFIG_TABLE_RULES >= 0x601 && end < found->pos.offset;
            const bool is_beyond = is_wrapped || found->pos.offset > chip_size;
            if (is_beyond || FAULT(row_end_unchecked, false, end > chip_size)) {
                if (log_errors) {
                    esp_rom_printf("table: row %d exceeds the flash\n", row);
                }
                return ESP_ERR_INVALID_STATE;
            }
        } else if (found->magic == ROW_MAGIC_MD5) {
            if (md5_rows != 0 || !is_md5_right(rows, row)) {
                if (log_errors) {
                    esp_rom_printf("table: MD5 row %d is wrong\n", row);
                }
                return ESP_ERR_INVALID_STATE;
            }
            md5_rows = 1;
        } else if (found->magic == ROW_MAGIC_END && found->type == 0xFF && found->subtype == 0xFF &&
                   (row != 0 || CONFIG_TABLE_RULES < 0x505)) {
            *row_count = row - md5_rows;
            return ESP_OK;
        } else {
            if (log_errors) {
                esp_rom_printf("table: row %d has magic 0x%x\n", row, found->magic);
            }
            return ESP_ERR_INVALID_STATE;
        }
    }
    return ESP_ERR_INVALID_STATE;
}

static void note_app(bootloader_state_t *state, const esp_partition_info_t *row)
{
    if (row->subtype == APP_FACTORY) {
        if (FAULT(first_factory_row, state->factory.size == 0, true)) {
            state->factory = row->pos;
        }
    } else if (row->subtype == APP_TEST) {
        state->test = row->pos;
    } else if ((row->subtype & FAULT(slot_by_one_bit, APP_OTA, ~SLOT_MASK)) == APP_OTA) {
        const uint32_t slot = FAULT(slot_by_order, state->app_count & SLOT_MASK, row->subtype & SLOT_MASK);
        state->ota[slot] = FAULT(slot_size_forgotten, ((esp_partition_pos_t){row->pos.offset, 0}), row->pos);
        FAULT(subtype_noted, state->selected_subtype = row->subtype, (void)0);
        state->app_count = FAULT(count_by_number, slot, state->app_count) + 1;
    }
}

bool bootloader_utility_load_partition_table(bootloader_state_t *state)
{
    const esp_partition_info_t *rows = bootloader_mmap(TABLE_OFFSET, TABLE_MAX_LENGTH);
    if (rows == NULL) {
        return false;
    }
    int row_count = 0;
    if (esp_partition_table_verify(rows, true, &row_count) != FAULT(refused_is_taken, ESP_ERR_INVALID_STATE, ESP_OK)) {
        return false;
    }
    for (int row = 0; row < row_count; ++row) {
        if (rows[row].type == TYPE_APP) {
            note_app(state, &rows[row]);
        } else if (rows[row].type == TYPE_DATA && FAULT(otadata_any_data, true, rows[row].subtype == DATA_OTA)) {
            state->ota_info = rows[row].pos;
        }
    }
    bootloader_munmap(rows);
    return true;
}

esp_err_t bootloader_common_get_partition_description(const esp_partition_pos_t *partition, esp_app_desc_t *description)
{
    if (partition->offset == 0) {
        return ESP_ERR_NOT_FOUND;
    }
    const uint8_t *mapping = bootloader_mmap(partition->offset, APP_DESC_OFFSET + sizeof *description);
    if (mapping == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    memcpy(description, mapping + APP_DESC_OFFSET, sizeof *description);
    bootloader_munmap(mapping);
    return FAULT(description_unmarked, true, description->magic_word == APP_DESC_MAGIC) ? ESP_OK : ESP_ERR_NOT_FOUND;
}
