/*
 * Otadata by turns: the pure core. DESIGN.md tells the rules; each function here is one of them.
 *
 * The logical state is one word, the `what` of its record: kind, other, current and a mark. A function that is asked
 * for the next state returns that word, or the esp_err_t that the call returns; obt_is_state() tells them apart. A next
 * state that is the present one needs no update. A place is a slot 0 ... 15, OBT_FACTORY or OBT_NO_PLACE.
 */
#ifndef OTADATA_BY_TURNS_H
#define OTADATA_BY_TURNS_H

#include <stdbool.h>
#include <stdint.h>

/* Kinds. */
enum { OBT_NEW = 1, OBT_TRIED = 2, OBT_VALID = 3, OBT_SELECTED = 4 };

/* How many slots there can be, and the places beside them. */
#define OBT_MOST_SLOTS 16U
#define OBT_FACTORY 16U
#define OBT_NO_PLACE 31U

/* What no state is. */
#define OBT_NOTHING 0U

/* No record has this number or a higher one. */
#define OBT_SEQ_LIMIT 0xFFFFFFC0U

/* How much of a record is programmed first; its check word follows by itself. */
#define OBT_FIRST_PART 28U

/* State words of ESP-IDF. */
enum { OBT_IMG_NEW, OBT_IMG_PENDING_VERIFY, OBT_IMG_VALID, OBT_IMG_INVALID, OBT_IMG_ABORTED };
#define OBT_IMG_UNDEFINED 0xFFFFFFFFU

/* Error codes of ESP-IDF. */
#define OBT_OK 0U
#define OBT_FAIL 0xFFFFFFFFU
#define OBT_INVALID_ARG 0x102U
#define OBT_INVALID_STATE 0x103U
#define OBT_NOT_FOUND 0x105U
#define OBT_ROLLBACK_FAILED 0x1505U
#define OBT_ROLLBACK_INVALID_STATE 0x1506U

/* A record as it lies in flash: 32 bytes at the begin of a sector. */
typedef struct {
    uint32_t seq, what, not_seq, not_what, not_state, not_crc, state, crc;
} obt_record_t;

/* What both records say together: the state, or OBT_NOTHING; the sector that an update leaves alone; the number that
 * the next one is above. */
typedef struct {
    uint32_t what, sector, seq;
} obt_turn_t;

/* Parts of a state. */
uint32_t obt_kind(uint32_t what);
uint32_t obt_current(uint32_t what);
uint32_t obt_other(uint32_t what);
bool obt_is_state(uint32_t word);

/* The state word that ESP-IDF reads in the record of a state. */
uint32_t obt_image_state(uint32_t what);

/* The state of a record that is whole, else OBT_NOTHING. crc: ESP-IDF's check word of its number. */
uint32_t obt_read(const obt_record_t *record, uint32_t crc, uint32_t slots, bool has_factory);

/* What decides. whats: the states of both. */
void obt_decide(const obt_record_t records[2], const uint32_t whats[2], obt_turn_t *turn);

/* What ESP-IDF's records stand for, where obt_decide() has found nothing. crcs: the check words of both numbers. */
void obt_take_over(const obt_record_t records[2], const uint32_t crcs[2], uint32_t slots, bool has_factory,
                   bool rollback, obt_turn_t *turn);

/* The update: the sector to write, the number of the record (0 at the end of the numbers), and the record. */
uint32_t obt_sector_to_write(const obt_turn_t *turn);
uint32_t obt_next_seq(const obt_turn_t *turn, uint32_t what, uint32_t slots);
void obt_fill(obt_record_t *record, uint32_t seq, uint32_t what, uint32_t crc);

/* The bootloader: the state of a first boot, the note of a try, and the place that is tried as number 0, 1, ... until
 * OBT_NO_PLACE; what: the state before its note, or OBT_NOTHING. A place may come twice, or have no partition. */
uint32_t obt_first(uint32_t place);
uint32_t obt_boot(uint32_t what, bool rollback);
uint32_t obt_candidate(uint32_t what, uint32_t number, uint32_t slots, bool has_factory);
bool obt_burns(uint32_t what, uint32_t started);

/* The application that runs from a place. */
bool obt_is_on_trial(uint32_t what, uint32_t running, bool rollback);
uint32_t obt_slot_state(uint32_t what, uint32_t running, uint32_t asked, bool rollback);
uint32_t obt_begin(uint32_t what, uint32_t running, uint32_t target, bool rollback);
uint32_t obt_write(uint32_t what, uint32_t target);
uint32_t obt_set_boot(uint32_t what, uint32_t running, uint32_t target, bool rollback);
uint32_t obt_accept(uint32_t what, uint32_t running, bool rollback);
uint32_t obt_way_back(uint32_t what, uint32_t running, bool rollback);
uint32_t obt_refuse(uint32_t what, uint32_t running, bool rollback);
uint32_t obt_last_refused(uint32_t what, uint32_t running);
uint32_t obt_forget_last(uint32_t what, uint32_t running);

#endif
