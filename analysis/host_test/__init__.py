"""A history as a host test of ESP-IDF: a project for target linux, which compiles ESP-IDF's own esp_ota_ops.c.

call_log tells which functions of esp_ota_ops the application called; cut_cycles says when esp_partition_fail_after is
to let the power fail; trace_code writes the C; host_project puts the files together.
"""
