/* The bootloader's life: read the table, select, load. */
#pragma once

#include "esp_types.h"

/* Fill in what the partition table holds; false where the table is refused. `state` is all zeros before. */
bool bootloader_utility_load_partition_table(bootloader_state_t *state);

/* Return the boot index to try first, having written what the selection makes of otadata. */
int bootloader_utility_get_selected_boot_partition(const bootloader_state_t *state);

/* Start the first image in fallback order that passes, or reset. */
void bootloader_utility_load_boot_image(const bootloader_state_t *state, int start_index) __attribute__((noreturn));

/* After deep sleep start, unchecked, what RTC memory has kept or otadata selects; else return. */
void bootloader_utility_load_boot_image_from_deep_sleep(void);

/* Check the rows of a table and count those before its end, the MD5 row left out. */
esp_err_t esp_partition_table_verify(const esp_partition_info_t *rows, bool log_errors, int *row_count);

/* Return the partition that RTC memory has kept, or NULL. */
const esp_partition_pos_t *bootloader_common_get_rtc_retain_mem_partition(void);

/* Copy the description that lies in a partition; an error where its magic word does not. */
esp_err_t bootloader_common_get_partition_description(const esp_partition_pos_t *partition, esp_app_desc_t *description);
