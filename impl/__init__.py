"""The concrete board, byte for byte as ESP-IDF: flash, tables, images, otadata, bootloader, esp_ota_*, otaupgrade."""
