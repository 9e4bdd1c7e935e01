/* The device of a host test: see host_board.h. */
#define _POSIX_C_SOURCE 200809L
#include "host_board.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECTOR_SIZE 0x1000

static const esp_partition_t *s_running;
static const char *s_whole = "";

static const esp_partition_t *otadata(void)
{
    const esp_partition_t *found = esp_partition_find_first(
        ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_OTA, NULL);
    if (found == NULL) {
        printf("no otadata in the partition table\n");
        abort();
    }
    return found;
}

const esp_partition_t *partition(const char *label)
{
    const esp_partition_t *found = esp_partition_find_first(
        ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_ANY, label);
    if (found == NULL) {
        printf("no %s in the partition table\n", label);
        abort();
    }
    return found;
}

static void write_over(const esp_partition_t *target, size_t offset,
                       size_t erased, const void *bytes, size_t size)
{
    if (esp_partition_erase_range(target, offset, erased) != ESP_OK ||
        esp_partition_write(target, offset, bytes, size) != ESP_OK) {
        printf("%s cannot be written\n", target->label);
        abort();
    }
}

void flash_image(const char *label, const uint8_t *image, size_t size)
{
    const esp_partition_t *target = partition(label);
    write_over(target, 0, target->size, image, size);
}

void set_otadata(const otadata_record_t *records)
{
    for (size_t i = 0; i < 2; i++) {
        write_over(otadata(), i * SECTOR_SIZE, SECTOR_SIZE, records[i],
                   sizeof(records[i]));
    }
}

int is_otadata(const otadata_record_t *records)
{
    int is_same = 1;
    for (size_t i = 0; i < 2; i++) {
        otadata_record_t found;
        esp_err_t err = esp_partition_read(otadata(), i * SECTOR_SIZE, found,
                                           sizeof(found));
        if (err == ESP_OK && memcmp(found, records[i], sizeof(found)) == 0) {
            continue;
        }
        is_same = 0;
        printf("record %d of otadata is", (int)i);
        for (size_t j = 0; j < sizeof(found); j++) {
            printf(" %02x%s", found[j], found[j] == records[i][j] ? "" : "!");
        }
        printf("\n");
    }
    return is_same;
}

run_end_t run_from(const char *label, void (*application)(void))
{
    s_running = partition(label);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        application();
        ends(RETURNS);
    }
    int status = 0;
    pid_t ended = child;
    do { /* the ticks of FreeRTOS are signals */
        ended = child < 0 ? child : waitpid(child, &status, 0);
    } while (ended < 0 && child > 0 && errno == EINTR);
    if (ended != child || child < 0 || !WIFEXITED(status)) {
        printf("the run from %s ended by signal %d\n", label,
               WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        return DIFFERS;
    }
    return (run_end_t)WEXITSTATUS(status);
}

_Noreturn void ends(run_end_t end)
{
    fflush(stdout);
    _exit((int)end);
}

void check_call(int line, const char *call, esp_err_t wanted, esp_err_t got)
{
    if (got != wanted) {
        printf("line %d: %s: 0x%x, not 0x%x\n", line, call, (unsigned)got,
               (unsigned)wanted);
        ends(DIFFERS);
    }
}

void check_otadata(int line, const otadata_record_t *records)
{
    if (!is_otadata(records)) {
        printf("line %d: otadata\n", line);
        ends(DIFFERS);
    }
}

void check_partition(int line, const char *call, const char *label,
                     const esp_partition_t *got)
{
    const char *found = got == NULL ? "none" : got->label;
    if (strcmp(found, label) != 0) {
        printf("line %d: %s: %s, not %s\n", line, call, found, label);
        ends(DIFFERS);
    }
}

void images_are_whole_in(const char *labels)
{
    s_whole = labels;
}

size_t address_that_runs(void)
{
    return s_running->address;
}

int is_whole_at(uint32_t address)
{
    esp_partition_iterator_t found = esp_partition_find(
        ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_ANY, NULL);
    int is_whole = 0;
    for (; found != NULL; found = esp_partition_next(found)) {
        const esp_partition_t *app = esp_partition_get(found);
        char word[sizeof(app->label) + 2];
        snprintf(word, sizeof(word), ",%s,", app->label);
        is_whole |= app->address == address && strstr(s_whole, word) != NULL;
    }
    return is_whole;
}
