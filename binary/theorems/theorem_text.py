"""What is proved and what it rests on, in sentences, for reports and for JSON."""

SELECTION_THEOREM = (
    "For both otadata records with any 64 bytes, any number of OTA slots, any factory partition or none, any otadata "
    "partition or none, and any of its flash operations failing: bootloader_utility_get_selected_boot_partition in "
    "this file returns the boot index that impl's bootloader selects, sets ota_has_initial_contents where that notes "
    "that otadata was never written, and erases and programs the same records in the same order with the same bytes."
)
"""What `selection` proves."""
ASSUMPTIONS = (
    "The processor: instructions do what pypcode's description of it says; on RISC-V what our own decoder says gives "
    "the same verdict.",
    "The loader: memory is as the file has it, and ota_has_initial_contents is false at the entry.",
    "otadata begins at a sector in the first 256 MiB of flash, and mapping it succeeds and shows the two records.",
    "The check word may be any function of ota_seq, and the remainder any function of two words.",
    "Calls that were not followed, but taken to do what their names say",
)
"""What every verdict rests on; the last one goes on with the names of the hooks."""
