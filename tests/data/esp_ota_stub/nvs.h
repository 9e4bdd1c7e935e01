/* A stub for the tests: the declarations of ESP-IDF that the code of remedies uses, as version 5.5 has them. */
#pragma once
#include "esp_err.h"

typedef uint32_t nvs_handle_t;
esp_err_t nvs_set_u8(nvs_handle_t handle, const char *key, uint8_t value);
esp_err_t nvs_get_u8(nvs_handle_t handle, const char *key, uint8_t *out_value);
esp_err_t nvs_commit(nvs_handle_t handle);
