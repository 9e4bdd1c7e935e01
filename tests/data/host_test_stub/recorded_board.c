/* A stub for the tests: functions that do what was recorded of a board, on flash whose power fails as in ESP-IDF's
 * emulation. recorded.h has the partitions, and the calls with their arguments, flash operations and results. */
#define _DEFAULT_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "esp_ota_ops.h"
#include "esp_private/partition_linux.h"
#include "host_board.h"
#include "unity.h"

struct op {
    uint32_t address;
    uint32_t size;
    const char *bytes; /* in hex; NULL for an erase */
};
struct call {
    const char *text;
    int count; /* of its operations */
    esp_err_t result;
    uint32_t handle;
    const char *partition;
    int restarts;
};
#include "recorded.h"

#define FLASH_SIZE 0x400000
static struct {
    uint8_t flash[FLASH_SIZE];
    size_t calls, ops;
} *s_shared; /* by all runs */
static size_t s_cycles = SIZE_MAX;
int failures;

void app_main(void);

int main(void)
{
    s_shared = mmap(NULL, sizeof(*s_shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(s_shared->flash, 0xff, FLASH_SIZE);
    app_main();
    return 99;
}

void esp_partition_fail_after(size_t count, uint8_t mode)
{
    s_cycles = mode == ESP_PARTITION_FAIL_AFTER_MODE_BOTH ? count : SIZE_MAX;
}

/* Return how many cycles of an operation are done; the power fails where that is all that is left. */
static size_t cycles_done(size_t wanted, esp_err_t *err)
{
    *err = ESP_OK;
    if (s_cycles == SIZE_MAX || s_cycles > wanted) {
        s_cycles -= s_cycles == SIZE_MAX ? 0 : wanted;
        return wanted;
    }
    size_t done = s_cycles;
    s_cycles = SIZE_MAX;
    *err = ESP_ERR_FLASH_OP_FAIL;
    return done;
}

static esp_err_t erase(uint32_t address, size_t size)
{
    esp_err_t err;
    memset(s_shared->flash + address, 0xff, cycles_done(size / 0x1000, &err) * 0x1000);
    return err;
}

static esp_err_t program(uint32_t address, const uint8_t *bytes, size_t size)
{
    esp_err_t err;
    size_t done = cycles_done(size / 4, &err) * 4;
    for (size_t i = 0; i < (err == ESP_OK ? size : done); i++) {
        s_shared->flash[address + i] &= bytes[i];
    }
    return err;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    return erase(partition->address + (uint32_t)offset, size);
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *bytes, size_t size)
{
    return program(partition->address + (uint32_t)offset, bytes, size);
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t offset, void *bytes, size_t size)
{
    memcpy(bytes, s_shared->flash + partition->address + offset, size);
    return ESP_OK;
}

esp_partition_iterator_t esp_partition_find(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                            const char *label)
{
    (void)subtype;
    const esp_partition_t *found = partitions;
    while (found->size != 0 && (found->type != type || (label != NULL && strcmp(found->label, label) != 0))) {
        found++;
    }
    return found->size == 0 ? NULL : found;
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char *label)
{
    return esp_partition_find(type, subtype, label);
}

esp_partition_iterator_t esp_partition_next(esp_partition_iterator_t iterator)
{
    const esp_partition_t *found = iterator + 1;
    while (found->size != 0 && found->type != iterator->type) {
        found++;
    }
    return found->size == 0 ? NULL : found;
}

const esp_partition_t *esp_partition_get(esp_partition_iterator_t iterator)
{
    return iterator;
}

/* Do the next recorded call, which has to be this one; *handle and *found are what it gives. */
static esp_err_t recorded(uint32_t *handle, const esp_partition_t **found, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    const struct call *call = &calls[s_shared->calls++];
    if (call->text == NULL || strcmp(text, call->text) != 0) {
        printf("%s, and recorded was %s\n", text, call->text == NULL ? "no other call" : call->text);
        ends(DIFFERS);
    }
    esp_err_t err = ESP_OK;
    for (int i = 0; i < call->count; i++) {
        const struct op *op = &ops[s_shared->ops + (size_t)i];
        uint8_t bytes[0x10000];
        for (size_t j = 0; op->bytes != NULL && j < op->size; j++) {
            const char pair[3] = {op->bytes[2 * j], op->bytes[2 * j + 1], 0};
            bytes[j] = (uint8_t)strtoul(pair, NULL, 16);
        }
        err = err != ESP_OK ? err : op->bytes == NULL ? erase(op->address, op->size)
                                                      : program(op->address, bytes, op->size);
    }
    s_shared->ops += (size_t)call->count;
    if (handle != NULL && call->handle != 0) {
        *handle = call->handle;
    }
    if (found != NULL) {
        *found = call->partition == NULL ? NULL : partition(call->partition);
    }
    if (call->restarts && err == ESP_OK) {
        ends(RESTARTS);
    }
    return err != ESP_OK ? err : call->result;
}

static const char *label_of(const esp_partition_t *partition)
{
    return partition == NULL ? "none" : partition->label;
}

const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start_from)
{
    const esp_partition_t *found = start_from;
    recorded(NULL, &found, "esp_ota_get_next_update_partition");
    return found;
}

esp_err_t esp_ota_begin(const esp_partition_t *partition, size_t image_size, esp_ota_handle_t *out_handle)
{
    return recorded(out_handle, NULL, "esp_ota_begin %s %lu", label_of(partition), (unsigned long)image_size);
}

esp_err_t esp_ota_resume(const esp_partition_t *partition, size_t erase_size, size_t image_offset,
                         esp_ota_handle_t *out_handle)
{
    return recorded(out_handle, NULL, "esp_ota_resume %s %lu %lu", label_of(partition), (unsigned long)erase_size,
                    (unsigned long)image_offset);
}

esp_err_t esp_ota_write(esp_ota_handle_t handle, const void *data, size_t size)
{
    (void)data;
    return recorded(NULL, NULL, "esp_ota_write %lu %lu", (unsigned long)handle, (unsigned long)size);
}

esp_err_t esp_ota_write_with_offset(esp_ota_handle_t handle, const void *data, size_t size, uint32_t offset)
{
    (void)data;
    return recorded(NULL, NULL, "esp_ota_write_with_offset %lu %lu %lu", (unsigned long)handle, (unsigned long)size,
                    (unsigned long)offset);
}

esp_err_t esp_ota_end(esp_ota_handle_t handle)
{
    return recorded(NULL, NULL, "esp_ota_end %lu", (unsigned long)handle);
}

esp_err_t esp_ota_abort(esp_ota_handle_t handle)
{
    return recorded(NULL, NULL, "esp_ota_abort %lu", (unsigned long)handle);
}

esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition)
{
    return recorded(NULL, NULL, "esp_ota_set_boot_partition %s", label_of(partition));
}

esp_err_t esp_ota_mark_app_valid_cancel_rollback(void)
{
    return recorded(NULL, NULL, "esp_ota_mark_app_valid_cancel_rollback");
}

esp_err_t esp_ota_mark_app_invalid_rollback_and_reboot(void)
{
    return recorded(NULL, NULL, "esp_ota_mark_app_invalid_rollback_and_reboot");
}

esp_err_t esp_ota_erase_last_boot_app_partition(void)
{
    return recorded(NULL, NULL, "esp_ota_erase_last_boot_app_partition");
}
