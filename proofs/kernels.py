"""The inner loops of the compiled search. They are compiled once, for all models.

What differs from model to model they are given as addresses: `successors` of a function that puts the states after a
state into memory and returns how many there are then; `broken` and `is_goal` of functions of one state. `most` is more
than any state has successors.

States are 64-bit words, none of them 0. `order` holds them as they were found: it is the queue, and the store that
traces are read from. `table` is a hash table of the same words, open addressing; the place of a state comes from the
*highest* bits of its hash, so a table grows in place, in one pass from its end to its start.

New states go into the table in batches: first every place is computed and its cache line asked for, then the words are
compared. So dozens of cache misses are under way at once, not one after the other. Half of all steps lead to a state
that was met a moment ago; a small memory of those spares the table most of them.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# numba finds the types: 64-bit integers, and arrays of them.

import numpy as np
from numba import njit

from .intrinsics import call, call_step, prefetch

BATCH = 256
"""States that are expanded before what they led to is looked up."""
RECENT = 1 << 13
"""States that the small memory has room for, one at a place."""
LOW = 1 << 12
"""Places at the start of a table that are moved last when it grows."""


@njit(cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def hashed(state):
    """Return the hash: its high bits say where in a table, bit 31 says whose state it is."""
    folded = state ^ ((state >> 32) & 0xFFFFFFFF)
    return folded * -7046029254386353131


@njit(cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def put_all(order, table, shift, states, places, count, known):
    """Add those of `states` that are new; return how many are known then."""
    mask = table.size - 1
    for item in range(count):
        state, place = states[item], places[item]
        while True:
            there = table[place]
            if there == state:
                break
            if there == 0:
                table[place] = state
                order[known] = state
                known += 1
                break
            place = (place + 1) & mask
    return known


@njit(cache=True, nogil=True)
def search(successors, most, order, table, shift, begin, end, known, limit):
    """Expand order[begin:end] until more than `limit` states are known; return (begin, known, transitions)."""
    mask = table.size - 1
    found = np.empty((BATCH + 1) * most, np.int64)
    address = found.ctypes.data
    places = np.empty((BATCH + 1) * most, np.int64)
    recent = np.zeros(RECENT, np.int64)
    transitions = 0
    while begin < end and known <= limit:
        stop = min(begin + BATCH, end)
        count = 0
        for item in range(begin, stop):
            after = call_step(successors, order[item], address, count)
            transitions += after - count
            for step in range(count, after):
                state = found[step]
                value = hashed(state)
                place = (value >> shift) & mask
                spot = (value >> 24) & (RECENT - 1)
                is_new = recent[spot] != state
                recent[spot] = state
                found[count] = state
                places[count] = place
                prefetch(table, place)
                count += is_new
        known = put_all(order, table, shift, found, places, count, known)
        begin = stop
    return begin, known, transitions


@njit(cache=True, nogil=True)
def search_own(successors, most, order, table, shift, begin, end, known, limit, owner, foreign):
    """Do the same for the states of one of two owners; put those of the other into `foreign`.

    Return (begin, known, transitions, foreign states)."""
    mask = table.size - 1
    found = np.empty((BATCH + 1) * most, np.int64)
    places = np.empty((BATCH + 1) * most, np.int64)
    one = np.empty(2 * most, np.int64)
    address = one.ctypes.data
    recent = np.zeros(RECENT, np.int64)
    room = foreign.size - (BATCH + 1) * most
    transitions, sent = 0, 0
    while begin < end and known <= limit and sent <= room:
        stop = min(begin + BATCH, end)
        count = 0
        for item in range(begin, stop):
            after = call_step(successors, order[item], address, 0)
            transitions += after
            for step in range(after):
                state = one[step]
                value = hashed(state)
                place = (value >> shift) & mask
                spot = (value >> 24) & (RECENT - 1)
                is_new = recent[spot] != state
                recent[spot] = state
                is_own = ((value >> 31) & 1) == owner
                found[count] = state
                places[count] = place
                foreign[sent] = state
                prefetch(table, place)
                count += is_new & is_own
                sent += is_new & (not is_own)
        known = put_all(order, table, shift, found, places, count, known)
        begin = stop
    return begin, known, transitions, sent


@njit(cache=True, nogil=True)
def take_in(order, table, shift, known, states, count):
    """Add those of states[:count] that are new; return how many are known then."""
    mask = table.size - 1
    places = np.empty(4 * BATCH, np.int64)
    for begin in range(0, count, 4 * BATCH):
        stop = min(begin + 4 * BATCH, count)
        for item in range(begin, stop):
            place = (hashed(states[item]) >> shift) & mask
            places[item - begin] = place
            prefetch(table, place)
        known = put_all(order, table, shift, states[begin:stop], places, stop - begin, known)
    return known


@njit(cache=True, nogil=True)
def double(table, shift):
    """Spread the states of the first half of the table over all of it; tell whether that went well.

    From the end on, each state moves to about twice its place, where only states are that have moved before. Those at
    the start are set aside first, as the end runs on there, and so are the few that lie far behind their place."""
    mask = table.size - 1
    half = table.size // 2
    aside = np.empty(16 * LOW, np.int64)
    count = 0
    for old in range(min(LOW, half)):
        aside[count] = table[old]
        count += table[old] != 0
        table[old] = 0
    for old in range(half - 1, LOW - 1, -1):
        state = table[old]
        if state == 0:
            continue
        table[old] = 0
        place = (hashed(state) >> shift) & mask
        if place <= old:
            if count == aside.size:
                return False
            aside[count] = state
            count += 1
            continue
        while table[place] != 0:
            place = (place + 1) & mask
        table[place] = state
    for item in range(count):
        place = (hashed(aside[item]) >> shift) & mask
        while table[place] != 0:
            place = (place + 1) & mask
        table[place] = aside[item]
    return True


@njit(cache=True, nogil=True)
def first_broken(broken, order, begin, end, wanted, first):
    """Note in `first` where each wanted claim is first broken; return the claims still wanted."""
    for item in range(begin, end):
        bits = call(broken, order[item]) & wanted
        if bits != 0:
            for claim in range(first.size):
                if (bits >> claim) & 1:
                    first[claim] = item
            wanted &= ~bits
            if wanted == 0:
                break
    return wanted


@njit(cache=True, nogil=True)
def find_before(successors, most, order, begin, end, wanted):
    """Return where in order[begin:end] a state is that leads to the wanted one in one step; -1 for nowhere."""
    found = np.empty(2 * most, np.int64)
    address = found.ctypes.data
    for item in range(begin, end):
        count = call_step(successors, order[item], address, 0)
        for place in range(count):
            if found[place] == wanted:
                return item
    return -1


@njit(cache=True, nogil=True)
def number_all(order, table, numbers, shift):
    """Note, beside each state of the table, its number in `order`."""
    mask = table.size - 1
    for item in range(order.size):
        place = (hashed(order[item]) >> shift) & mask
        while table[place] != order[item]:
            place = (place + 1) & mask
        numbers[place] = item


@njit(cache=True, nogil=True)
def count_before(onward, most, order, table, numbers, shift, counts):
    """Count, for each state, the steps without a cut that lead to it."""
    mask = table.size - 1
    found = np.empty(2 * most, np.int64)
    address = found.ctypes.data
    for item in range(order.size):
        count = call_step(onward, order[item], address, 0)
        for step in range(count):
            place = (hashed(found[step]) >> shift) & mask
            while table[place] != found[step]:
                place = (place + 1) & mask
            counts[numbers[place]] += 1


@njit(cache=True, nogil=True)
def note_before(onward, most, order, table, numbers, shift, ends, before):
    """Note, for each state, where the steps without a cut that lead to it come from; `ends` moves to the starts."""
    mask = table.size - 1
    found = np.empty(2 * most, np.int64)
    address = found.ctypes.data
    for item in range(order.size):
        count = call_step(onward, order[item], address, 0)
        for step in range(count):
            place = (hashed(found[step]) >> shift) & mask
            while table[place] != found[step]:
                place = (place + 1) & mask
            number = numbers[place]
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
