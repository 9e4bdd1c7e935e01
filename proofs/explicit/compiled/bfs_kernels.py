"""The inner loops of the compiled search. They are compiled once, for all models.

What differs from model to model they are given as addresses: `successors` of a function that puts the states after a
state into memory and returns how many there are then; `broken` and `is_goal` of functions of one state. `most` is more
than any state has successors.

States are words of `bits` bits, none of them 0. `order` holds them as they were found: it is the queue, and the store
that traces are read from.

`table` is a hash table, open addressing, and need not hold whole words. The hash is a permutation of the words of that
length: its highest bits are the place, and what is stored is the `shift` bits below them and, in `spare` more bits, how
far from its place the entry lies, counted from 1. Place and entry together are the word, so nothing is lost, and 32
bits are enough for most scopes. A table grows in place, in one pass from its end to its start.

New states go into the table in batches: first every place is computed and its cache line asked for, then the entries
are compared. So dozens of cache misses are under way at once, not one after the other. Half of all steps lead to a
state that was met a moment ago; a small memory of those spares the table most of them.

An entry may lie too far from its place for `spare` bits. The table is crowded then and has to grow; the batch is done
again, which does no harm.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# numba finds the types: 64-bit integers, and arrays of them.

import numpy as np
from numba import njit

from .llvm_intrinsics import call, call_step, prefetch

BATCH = 256
"""States that are expanded before what they led to is looked up."""
RECENT = 1 << 13
"""States that the small memory has room for, one at a place."""
LOW = 1 << 12
"""Places at the start of a table that are moved last when it grows."""


INNER = {"cache": True, "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""For what only compiled code calls."""


@njit(**INNER)
def hashed(state, bits):
    """Return the hash, as many bits long as the state."""
    folded = state ^ (state >> (bits >> 1))
    return (folded * -7046029254386353131) & ((1 << bits) - 1)


@njit(cache=True, nogil=True)  # called from Python, too: without the wrapper that INNER leaves out, it would crash
def owner_of(state, bits, owners):
    """Return which of the owners a state has, counted from 0; that says nothing of its place."""
    folded = state ^ (state >> (bits >> 1))
    return (((folded * -4417276706812531889) >> max(0, bits - 16)) & 0xFFFF) * owners >> 16


@njit(**INNER)
def put_all(order, table, spare, states, places, entries, count, known):
    """Add those of `states` that are new; return how many are known then, and whether the table is crowded."""
    mask = table.size - 1
    farthest = (1 << spare) - 1
    for item in range(count):
        place, entry = places[item], entries[item]
        last = entry | farthest
        while True:
            there = np.int64(table[place])
            if there == entry:
                break
            if there == 0:
                table[place] = entry
                order[known] = states[item]
                known += 1
                break
            if entry == last:
                return known, True
            entry += 1
            place = (place + 1) & mask
    return known, False


@njit(**INNER)
def place_of(table, bits, shift, spare, state):
    """Return where in the table a known state is."""
    mask = table.size - 1
    value = hashed(state, bits)
    place = value >> shift
    entry = ((value & ((1 << shift) - 1)) << spare) | 1
    while np.int64(table[place]) != entry:
        entry += 1
        place = (place + 1) & mask
    return place


@njit(cache=True, nogil=True)
def search(successors, most, order, table, bits, shift, spare, begin, end, known, limit):
    """Expand order[begin:end] until more than `limit` states are known, or the table is crowded.

    Return (begin, known, transitions)."""
    found = np.empty((BATCH + 1) * most, np.int64)
    places = np.empty((BATCH + 1) * most, np.int64)
    entries = np.empty((BATCH + 1) * most, np.int64)
    address = found.ctypes.data
    recent = np.zeros(RECENT, np.int64)
    low = (1 << shift) - 1
    transitions = 0
    while begin < end and known <= limit:
        stop = min(begin + BATCH, end)
        count, steps = 0, 0
        for item in range(begin, stop):
            after = call_step(successors, order[item], address, count)
            steps += after - count
            for step in range(count, after):
                state = found[step]
                value = hashed(state, bits)
                place = value >> shift
                spot = place & (RECENT - 1)
                is_new = recent[spot] != state
                recent[spot] = state
                found[count] = state
                places[count] = place
                entries[count] = ((value & low) << spare) | 1
                prefetch(table, place)
                count += is_new
        known, is_crowded = put_all(order, table, spare, found, places, entries, count, known)
        if is_crowded:
            break
        transitions += steps
        begin = stop
    return begin, known, transitions


@njit(cache=True, nogil=True)
def search_own(successors, most, order, table, bits, shift, spare, begin, end, known, limit, owner, foreign, sent):
    """Do the same for the states of one owner; put those of each other one into its row of `foreign`.

    `sent` is set to how many each is sent. Return (begin, known, transitions, whether the table is crowded)."""
    found = np.empty((BATCH + 1) * most, np.int64)
    places = np.empty((BATCH + 1) * most, np.int64)
    entries = np.empty((BATCH + 1) * most, np.int64)
    one = np.empty(2 * most, np.int64)
    address = one.ctypes.data
    recent = np.zeros(RECENT, np.int64)
    low = (1 << shift) - 1
    owners = sent.size
    room = foreign.shape[1] - (BATCH + 1) * most
    transitions = 0
    is_crowded = False
    sent[:] = 0
    while begin < end and known <= limit and sent.max() <= room:
        stop = min(begin + BATCH, end)
        count, steps = 0, 0
        for item in range(begin, stop):
            after = call_step(successors, order[item], address, 0)
            steps += after
            for step in range(after):
                state = one[step]
                value = hashed(state, bits)
                place = value >> shift
                spot = place & (RECENT - 1)
                is_new = recent[spot] != state
                recent[spot] = state
                its = owner_of(state, bits, owners)
                found[count] = state
                places[count] = place
                entries[count] = ((value & low) << spare) | 1
                foreign[its, sent[its]] = state
                prefetch(table, place)
                count += is_new & (its == owner)
                sent[its] += is_new & (its != owner)
        known, is_crowded = put_all(order, table, spare, found, places, entries, count, known)
        if is_crowded:
            break
        transitions += steps
        begin = stop
    return begin, known, transitions, is_crowded


@njit(cache=True, nogil=True)
def take_in(order, table, bits, shift, spare, known, states, begin, end):
    """Add those of states[begin:end] that are new; return how many are known then, and where it ended.

    That is before `end` if the table is crowded."""
    size = 4 * BATCH
    places, entries = np.empty(size, np.int64), np.empty(size, np.int64)
    low = (1 << shift) - 1
    while begin < end:
        stop = min(begin + size, end)
        for item in range(begin, stop):
            value = hashed(states[item], bits)
            place = value >> shift
            places[item - begin] = place
            entries[item - begin] = ((value & low) << spare) | 1
            prefetch(table, place)
        known, is_crowded = put_all(order, table, spare, states[begin:stop], places, entries, stop - begin, known)
        if is_crowded:
            break
        begin = stop
    return known, begin


@njit(cache=True, nogil=True)
def double(table, shift, spare):
    """Spread the entries of the first half of the table over all of it; tell whether that went well.

    shift, spare: those of the first half. From the end on, each entry moves to about twice its place, where only
    entries are that have moved before. Those at the start are set aside first, as the end runs on there, and so are the
    few that lie far behind their place. If it does not go well, the table is worth nothing any more."""
    mask = table.size - 1
    half = table.size // 2
    far = (1 << spare) - 1
    aside = np.empty(16 * LOW, np.int64)
    count = 0
    for low in range(min(LOW, half)):
        entry = np.int64(table[low])
        if entry != 0:
            home = (low - ((entry & far) - 1)) & (half - 1)
            aside[count] = (home << shift) | (entry >> spare)
            count += 1
            table[low] = 0
    for old in range(half - 1, LOW - 1, -1):
        entry = np.int64(table[old])
        if entry == 0:
            continue
        table[old] = 0
        value = ((old - ((entry & far) - 1)) << shift) | (entry >> spare)
        if value >> (shift - 1) <= old:
            if count == aside.size:
                return False
            aside[count] = value
            count += 1
        elif not put_value(table, mask, shift - 1, spare + 1, value):
            return False
    went_well = True
    for item in range(count):
        went_well &= put_value(table, mask, shift - 1, spare + 1, aside[item])
    return went_well


@njit(**INNER)
def put_value(table, mask, shift, spare, value):
    """Put a new hash into the table; tell whether there was a place near enough."""
    place = value >> shift
    entry = ((value & ((1 << shift) - 1)) << spare) | 1
    last = entry | ((1 << spare) - 1)
    while table[place] != 0:
        if entry == last:
            return False
        entry += 1
        place = (place + 1) & mask
    table[place] = entry
    return True


@njit(cache=True, nogil=True)
def number_all(order, table, bits, shift, spare, numbers):
    """Note, beside each state of the table, its number in `order`."""
    for item in range(order.size):
        numbers[place_of(table, bits, shift, spare, order[item])] = item


@njit(cache=True, nogil=True)
def count_before(onward, most, order, table, bits, shift, spare, numbers, counts):
    """Count, for each state, the steps without a cut that lead to it."""
    found = np.empty(2 * most, np.int64)
    address = found.ctypes.data
    for item in range(order.size):
        count = call_step(onward, order[item], address, 0)
        for step in range(count):
            counts[numbers[place_of(table, bits, shift, spare, found[step])]] += 1


@njit(cache=True, nogil=True)
def note_before(onward, most, order, table, bits, shift, spare, numbers, ends, before):
    """Note, for each state, where the steps without a cut that lead to it come from; `ends` moves to the starts."""
    found = np.empty(2 * most, np.int64)
    address = found.ctypes.data
    for item in range(order.size):
        count = call_step(onward, order[item], address, 0)
        for step in range(count):
            number = numbers[place_of(table, bits, shift, spare, found[step])]
            ends[number] -= 1
            before[ends[number]] = item


@njit(cache=True, nogil=True)
def mark_back(is_goal, order, starts, before, marked, queue):
    """Mark every state from which a goal can be reached; return how many goals there are."""
    count = 0
    for item in range(order.size):
        if call(is_goal, order[item]) != 0:
            marked[item] = 1
            queue[count] = item
            count += 1
    goals, done = count, 0
    while done < count:
        item = queue[done]
        done += 1
        for place in range(starts[item], starts[item + 1]):
            earlier = before[place]
            if marked[earlier] == 0:
                marked[earlier] = 1
                queue[count] = earlier
                count += 1
    return goals
