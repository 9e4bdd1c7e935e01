"""The machine code of an application: its esp_ota_* functions are proved to do what impl's do."""
