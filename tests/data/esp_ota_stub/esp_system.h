/* A stub for the tests: the declarations of ESP-IDF that the code of remedies uses, as version 5.5 has them. */
#pragma once

void esp_restart(void) __attribute__((__noreturn__));
