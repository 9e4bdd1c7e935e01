/* What newlib has, and a computer's C library has not. */
#pragma once
#include_next <sys/queue.h>
#ifndef SLIST_FOREACH_SAFE
#define SLIST_FOREACH_SAFE(item, head, field, next) \
    for ((item) = SLIST_FIRST((head)); ((item) != NULL) && (((next) = SLIST_NEXT((item), field)), 1); (item) = (next))
#endif
