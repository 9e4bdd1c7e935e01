"""The inner loops of canonical_traces.py: which claims a level breaks, and which of its states lead to marked ones.

A set of marked states is a hash table of words, open addressing, at most half full, with a mask for each: a bit for
each trace that is wanted. No state is the word 0. What `successors`, `most` and `broken` are, bfs_kernels.py says.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# numba finds the types: 64-bit integers, and arrays of them.

import numpy as np
from numba import njit

from .llvm_intrinsics import call, call_step


@njit(cache=True, nogil=True)
def broken_in(broken, order, begin, end, wanted):
    """Return which of the wanted claims order[begin:end] breaks."""
    found = 0
    for item in range(begin, end):
        found |= call(broken, order[item]) & wanted
        if found == wanted:
            break
    return found


@njit(cache=True, nogil=True)
def note_broken(broken, order, begin, end, wanted, words, masks):
    """Note the states of order[begin:end] that break wanted claims, and which; return how many they are."""
    count = 0
    for item in range(begin, end):
        mask = call(broken, order[item]) & wanted
        if mask != 0:
            words[count], masks[count] = order[item], mask
            count += 1
    return count


@njit(cache=True, nogil=True)
def note_leading(successors, most, order, begin, end, marked, marks, words, masks):
    """Note the states of order[begin:end] that lead to marked ones, and for which traces; return how many they are."""
    found = np.empty(2 * most, np.int64)
    address = found.ctypes.data
    count = 0
    for item in range(begin, end):
        mask = 0
        for step in range(call_step(successors, order[item], address, 0)):
            mask |= marks[place_in(marked, found[step])]
        if mask != 0:
            words[count], masks[count] = order[item], mask
            count += 1
    return count


@njit(cache=True, nogil=True)
def mark(marked, marks, words, masks):
    """Add words to a set, each with its mask."""
    for item in range(words.size):
        place = place_in(marked, words[item])
        marked[place] = words[item]
        marks[place] |= masks[item]


@njit(cache=True, nogil=True)  # called from Python, too
def place_in(marked, word):
    """Return where in a set a word is, or the empty place, whose mask is 0, where it would be."""
    last = marked.size - 1
    place = ((word ^ (word >> 31)) * -7046029254386353131 >> 24) & last
    while marked[place] != 0 and marked[place] != word:
        place = (place + 1) & last
    return place
