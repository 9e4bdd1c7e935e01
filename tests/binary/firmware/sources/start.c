/* The bootloader from reset to the jump. -DCONFIG_SKIP_VALIDATE_IN_DEEP_SLEEP=1 adds the fast path of a wake-up. */
#include "boot_partition.h"
#include "hooks.h"

static int select_partition_number(bootloader_state_t *state)
{
    if (!bootloader_utility_load_partition_table(state)) {
        esp_rom_printf("boot: no partition table\n");
        return INVALID_INDEX;
    }
    return bootloader_utility_get_selected_boot_partition(state);
}

void call_start_cpu0(void)
{
    if (bootloader_init() != ESP_OK) {
        bootloader_reset();
    }
#if CONFIG_SKIP_VALIDATE_IN_DEEP_SLEEP
    bootloader_utility_load_boot_image_from_deep_sleep();
#endif
    bootloader_state_t state = {0};
    const int index = select_partition_number(&state);
    if (index == INVALID_INDEX) {
        bootloader_reset();
    }
    bootloader_utility_load_boot_image(&state, index);
}
