"""What runs in the application: esp_partition_*, esp_ota_*, otaupgrade."""
