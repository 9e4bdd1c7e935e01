/* A stub for the tests: the version of ESP-IDF, as the compiler is told it. */
#pragma once
#ifndef ESP_IDF_VERSION_MAJOR
#define ESP_IDF_VERSION_MAJOR 5
#define ESP_IDF_VERSION_MINOR 5
#endif
