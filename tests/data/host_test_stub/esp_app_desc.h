/* A stub for the tests: the description of an application. */
#pragma once
typedef struct esp_app_desc_t esp_app_desc_t;
const esp_app_desc_t *esp_app_get_description(void);
