/* What newlib has, and a computer's C library has not. */
#pragma once
typedef int _lock_t;
static inline void _lock_acquire(_lock_t *lock) { (void)lock; }
static inline void _lock_release(_lock_t *lock) { (void)lock; }
