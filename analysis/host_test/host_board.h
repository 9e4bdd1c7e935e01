/* The device of a host test, around the flash that esp_partition emulates and the esp_ota_*() of ESP-IDF.
 *
 * The bootloader does not run on a host, and neither do images. So the test writes into otadata what the bootloader
 * wrote, says from which partition the application runs, and says in which partitions esp_image_verify() finds a
 * whole image. One run of the application is a process of its own: what it has in RAM ends with it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_partition.h"

typedef enum {
    RETURNS,     /* nothing more is called; the power fails, or the chip is reset */
    RESTARTS,    /* a call restarts the chip */
    POWER_FAILS, /* in a call */
    DIFFERS,     /* from what the test expects; what that is has been printed */
} run_end_t;

typedef uint8_t otadata_record_t[32];

/* For the test: erase a partition, and write an image at its beginning. */
void flash_image(const char *label, const uint8_t *image, size_t size);

/* For the test: write the two records of otadata. */
void set_otadata(const otadata_record_t *records);

/* For the test: run the application from a partition, and tell how it ends. */
run_end_t run_from(const char *label, void (*application)(void));

/* For both: 1 if the two records of otadata are these; else print what is there. */
int is_otadata(const otadata_record_t *records);

/* For the application: the labels of the partitions with a whole image, each with a comma before and behind it. */
void images_are_whole_in(const char *labels);

/* For the application: the run ends. */
_Noreturn void ends(run_end_t end);

/* For the application: what a call returns (of no partition "none"), and what otadata holds after it. */
#define CALL(wanted, call) check_call(__LINE__, #call, wanted, call)
#define OTADATA_IS(records) check_otadata(__LINE__, records)
#define PARTITION_IS(label, call) check_partition(__LINE__, #call, label, call)

/* For the application: the call in which the power fails. After what was counted nothing is done of the operation, and
 * what the call then returns tells nobody anything. */
#define POWER_FAILS_IN(call) ((void)(call), ends(POWER_FAILS))

void check_call(int line, const char *call, esp_err_t wanted, esp_err_t got);
void check_otadata(int line, const otadata_record_t *records);
void check_partition(int line, const char *call, const char *label, const esp_partition_t *got);
const esp_partition_t *partition(const char *label);

/* For the stand-ins of ESP-IDF. */
size_t address_that_runs(void);
int is_whole_at(uint32_t address);
