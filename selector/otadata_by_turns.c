/* Otadata by turns: the pure core. See otadata_by_turns.h, and DESIGN.md for the why. */
#include "otadata_by_turns.h"

#define MARK 0xB7U

uint32_t obt_kind(uint32_t what) { return what & 0xFFU; }

uint32_t obt_other(uint32_t what) { return (what >> 8U) & 0xFFU; }

uint32_t obt_current(uint32_t what) { return (what >> 16U) & 0xFFU; }

bool obt_is_state(uint32_t word) { return (word >> 24U) == MARK; }

static uint32_t state_of(uint32_t kind, uint32_t current, uint32_t other) {
    return (MARK << 24U) | (current << 16U) | (other << 8U) | kind;
}

/* Whether `other` holds an image that may still be wanted. */
static bool keeps_other(uint32_t what) { return (obt_kind(what) != OBT_TRIED) && (obt_other(what) != OBT_NO_PLACE); }

/* A place that is selected for good: without rollback nobody has accepted it, but for factory. */
static uint32_t settled(uint32_t place, bool rollback) {
    return state_of((rollback || (place == OBT_FACTORY)) ? OBT_VALID : OBT_SELECTED, place, OBT_NO_PLACE);
}

static uint32_t unless(uint32_t place, uint32_t taken) { return (place == taken) ? OBT_NO_PLACE : place; }

/* Where a try goes back to; of another state, what is current. */
static uint32_t before_try(uint32_t what) { return (obt_kind(what) == OBT_NEW) ? obt_other(what) : obt_current(what); }

/* The record. */

uint32_t obt_image_state(uint32_t what) {
    const uint32_t kind = obt_kind(what);

    if (obt_current(what) == OBT_FACTORY) { return OBT_IMG_ABORTED; }
    if (kind == OBT_NEW) { return OBT_IMG_NEW; }
    return (kind == OBT_SELECTED) ? OBT_IMG_UNDEFINED : OBT_IMG_VALID;
}

static bool has_place(uint32_t place, uint32_t slots, bool has_factory) {
    return (place == OBT_FACTORY) ? has_factory : ((place < slots) && (place < OBT_MOST_SLOTS));
}

uint32_t obt_read(const obt_record_t *record, uint32_t crc, uint32_t slots, bool has_factory) {
    const uint32_t what = record->what;
    const uint32_t kind = obt_kind(what);
    const uint32_t other = obt_other(what);
    const bool is_paired = (record->not_seq == ~record->seq) && (record->not_what == ~what)
                           && (record->not_state == ~record->state) && (record->not_crc == ~record->crc);
    const bool is_placed = has_place(obt_current(what), slots, has_factory)
                           && ((other == OBT_NO_PLACE) || has_place(other, slots, has_factory));
    const bool is_known = obt_is_state(what) && (kind >= OBT_NEW) && (kind <= OBT_SELECTED);
    const bool is_right = (record->crc == crc) && (record->state == obt_image_state(what));

    return (is_paired && is_placed && is_known && is_right) ? what : OBT_NOTHING;
}

/* Of two that count, the sector with the higher number; the first of equal ones. */
static uint32_t newer(const obt_record_t records[2], bool is_first, bool is_second) {
    return (is_second && (!is_first || (records[0].seq < records[1].seq))) ? 1U : 0U;
}

void obt_decide(const obt_record_t records[2], const uint32_t whats[2], obt_turn_t *turn) {
    const uint32_t sector = newer(records, whats[0] != OBT_NOTHING, whats[1] != OBT_NOTHING);

    turn->what = whats[sector];
    turn->sector = sector;
    turn->seq = (whats[sector] == OBT_NOTHING) ? 0U : records[sector].seq;
}

uint32_t obt_sector_to_write(const obt_turn_t *turn) { return (turn->what == OBT_NOTHING) ? 0U : (turn->sector ^ 1U); }

uint32_t obt_next_seq(const obt_turn_t *turn, uint32_t what, uint32_t slots) {
    const uint32_t above = turn->seq;
    const uint32_t current = obt_current(what);
    uint32_t seq = above + 1U;

    if (above >= OBT_SEQ_LIMIT) { return 0U; }
    if (current != OBT_FACTORY) { seq += ((current + slots) - (above % slots)) % slots; }
    return (seq < OBT_SEQ_LIMIT) ? seq : 0U;
}

void obt_fill(obt_record_t *record, uint32_t seq, uint32_t what, uint32_t crc) {
    const uint32_t state = obt_image_state(what);

    record->seq = seq;
    record->what = what;
    record->not_seq = ~seq;
    record->not_what = ~what;
    record->not_state = ~state;
    record->not_crc = ~crc;
    record->state = state;
    record->crc = crc;
}

/* Taking over. */

/* The slot of a record by which ESP-IDF boots, else none. */
static uint32_t bootable(const obt_record_t *record, uint32_t crc, uint32_t slots) {
    const bool is_refused = (record->state == OBT_IMG_INVALID) || (record->state == OBT_IMG_ABORTED);
    const bool counts = (slots != 0U) && (record->seq != UINT32_MAX) && !is_refused && (record->crc == crc);
    const uint32_t slot = counts ? ((record->seq - 1U) % slots) : OBT_NO_PLACE;

    return has_place(slot, slots, false) ? slot : OBT_NO_PLACE;
}

static uint32_t kind_of_image(uint32_t image_state, bool rollback) {
    if (!rollback) { return (image_state == OBT_IMG_VALID) ? OBT_VALID : OBT_SELECTED; }
    if (image_state == OBT_IMG_NEW) { return OBT_NEW; }
    return (image_state == OBT_IMG_PENDING_VERIFY) ? OBT_TRIED : OBT_VALID;
}

void obt_take_over(const obt_record_t records[2], const uint32_t crcs[2], uint32_t slots, bool has_factory,
                   bool rollback, obt_turn_t *turn) {
    const uint32_t places[2] = {bootable(&records[0], crcs[0], slots), bootable(&records[1], crcs[1], slots)};
    const uint32_t active = newer(records, places[0] != OBT_NO_PLACE, places[1] != OBT_NO_PLACE);
    const uint32_t place = places[active];
    const uint32_t kind = kind_of_image(records[active].state, rollback);
    const bool is_over = rollback && (records[active ^ 1U].state == OBT_IMG_PENDING_VERIFY);
    const uint32_t other = is_over ? OBT_NO_PLACE : places[active ^ 1U];
    const bool is_alone = ((kind == OBT_NEW) || (kind == OBT_TRIED)) && (other == OBT_NO_PLACE);
    const uint32_t back = is_alone ? (has_factory ? OBT_FACTORY : 0U) : other;

    turn->sector = ((kind == OBT_TRIED) && !is_alone) ? (active ^ 1U) : active;
    turn->seq = (place == OBT_NO_PLACE) ? 0U : records[turn->sector].seq;
    turn->what = (kind == OBT_TRIED) ? state_of(kind, back, place) : state_of(kind, place, unless(back, place));
    if (place == OBT_NO_PLACE) { turn->what = OBT_NOTHING; }
}

/* The bootloader. */

uint32_t obt_first(uint32_t place) { return state_of(OBT_VALID, place, OBT_NO_PLACE); }

uint32_t obt_boot(uint32_t what, bool rollback) {
    const uint32_t tried = obt_current(what);
    const uint32_t back = obt_other(what);

    if (!rollback || (obt_kind(what) != OBT_NEW)) { return what; }
    return state_of(OBT_TRIED, (back == OBT_NO_PLACE) ? tried : back, tried);
}

/* ESP-IDF's order from a place: down to factory, then up. number: 0 for the place itself. */
static uint32_t fallback(uint32_t start, uint32_t number, uint32_t slots) {
    const uint32_t below = (start == OBT_FACTORY) ? 0U : (start + 1U);

    if (number == 0U) { return start; }
    if (number < below) { return start - number; }
    if (number == below) { return OBT_FACTORY; }
    return ((number - 1U) < slots) ? (number - 1U) : OBT_NO_PLACE;
}

uint32_t obt_candidate(uint32_t what, uint32_t number, uint32_t slots, bool has_factory) {
    const uint32_t other = obt_other(what);

    if (what == OBT_NOTHING) { return fallback(has_factory ? OBT_FACTORY : 0U, number, slots); }
    if ((number == 0U) || !keeps_other(what)) { return fallback(obt_current(what), number, slots); }
    if (number == 1U) { return other; }
    return (obt_kind(what) == OBT_NEW) ? fallback(other, number - 1U, slots)
                                       : fallback(obt_current(what), number - 1U, slots);
}

bool obt_burns(uint32_t what, uint32_t started) {
    return (obt_kind(what) == OBT_VALID) && (obt_current(what) == started);
}

/* The application. */

bool obt_is_on_trial(uint32_t what, uint32_t running, bool rollback) {
    const uint32_t kind = obt_kind(what);
    const uint32_t tried = (kind == OBT_NEW) ? obt_current(what) : obt_other(what);

    return rollback && ((kind == OBT_NEW) || (kind == OBT_TRIED)) && (running != OBT_NO_PLACE) && (tried == running);
}

uint32_t obt_slot_state(uint32_t what, uint32_t running, uint32_t asked, bool rollback) {
    const uint32_t kind = obt_kind(what);

    if ((asked == running) && obt_is_on_trial(what, running, rollback)) { return OBT_IMG_PENDING_VERIFY; }
    if (asked == obt_current(what)) { return obt_image_state(what); }
    if ((asked != obt_other(what)) || (asked == OBT_NO_PLACE)) { return OBT_NOT_FOUND; }
    if (kind == OBT_TRIED) { return OBT_IMG_ABORTED; }
    return rollback ? OBT_IMG_VALID : OBT_IMG_UNDEFINED;
}

uint32_t obt_begin(uint32_t what, uint32_t running, uint32_t target, bool rollback) {
    const uint32_t current = obt_current(what);

    if (obt_is_on_trial(what, running, rollback)) { return OBT_ROLLBACK_INVALID_STATE; }
    if (target == current) { return (running == OBT_NO_PLACE) ? OBT_INVALID_STATE : settled(running, rollback); }
    if (keeps_other(what) && (target == obt_other(what))) { return state_of(obt_kind(what), current, OBT_NO_PLACE); }
    return what;
}

uint32_t obt_write(uint32_t what, uint32_t target) {
    const bool is_named = (target == obt_current(what)) || (keeps_other(what) && (target == obt_other(what)));

    return is_named ? OBT_INVALID_STATE : OBT_OK;
}

uint32_t obt_set_boot(uint32_t what, uint32_t running, uint32_t target, bool rollback) {
    const uint32_t kind = obt_kind(what);
    const uint32_t current = obt_current(what);
    const uint32_t back = (running == OBT_NO_PLACE) ? before_try(what) : running;

    if (target == OBT_NO_PLACE) { return OBT_INVALID_ARG; }
    if (obt_is_on_trial(what, running, rollback)) {
        return ((target == current) && (kind == OBT_TRIED)) ? what : OBT_ROLLBACK_INVALID_STATE;
    }
    if (target == current) { return what; }
    if (target == OBT_FACTORY) { return obt_first(OBT_FACTORY); }
    if (target == running) { return settled(running, rollback); }
    return state_of(rollback ? OBT_NEW : OBT_SELECTED, target, unless(back, target));
}

uint32_t obt_accept(uint32_t what, uint32_t running, bool rollback) {
    const uint32_t kind = obt_kind(what);
    const uint32_t back = unless(before_try(what), running);

    if (obt_is_on_trial(what, running, rollback)) { return state_of(OBT_VALID, running, back); }
    if ((obt_current(what) != running) || (kind == OBT_NEW)) { return OBT_FAIL; }
    return (kind == OBT_SELECTED) ? state_of(OBT_VALID, running, obt_other(what)) : what;
}

uint32_t obt_way_back(uint32_t what, uint32_t running, bool rollback) {
    const bool is_settled = (obt_kind(what) == OBT_VALID) || (obt_kind(what) == OBT_SELECTED);

    if (obt_is_on_trial(what, running, rollback)) { return unless(before_try(what), running); }
    return (is_settled && (obt_current(what) == running)) ? unless(obt_other(what), running) : OBT_NO_PLACE;
}

uint32_t obt_refuse(uint32_t what, uint32_t running, bool rollback) {
    const uint32_t back = obt_way_back(what, running, rollback);

    if (back == OBT_NO_PLACE) { return OBT_ROLLBACK_FAILED; }
    return rollback ? state_of(OBT_TRIED, back, running) : settled(back, false);
}

uint32_t obt_last_refused(uint32_t what, uint32_t running) {
    return (obt_kind(what) == OBT_TRIED) ? unless(obt_other(what), running) : OBT_NO_PLACE;
}

uint32_t obt_forget_last(uint32_t what, uint32_t running) {
    const uint32_t kind = obt_kind(what);
    const uint32_t other = obt_other(what);
    const bool is_last = (obt_current(what) == running) && (other != running) && (other < OBT_FACTORY);

    if ((kind == OBT_NEW) || !is_last) { return OBT_FAIL; }
    return (kind == OBT_TRIED) ? what : state_of(kind, running, OBT_NO_PLACE);
}
