"""What the theorems rest on, in sentences, for reports and for JSON."""

_ALL = (
    "The processor: instructions do what pypcode's description of it says; on RISC-V what our own decoder says gives "
    "the same verdict.",
    "The loader: memory is as the file has it.",
    "otadata begins at a sector in the first 256 MiB of flash.",
    "The check word may be any function of ota_seq.",
)
_ONE = {
    "selection": (
        "ota_has_initial_contents is false at the entry.",
        "Mapping otadata succeeds and shows the two records.",
        "The remainder may be any function of two words.",
    ),
    "fallback": (
        "OTA slots 0 to app_count - 1 are in the partition table, without gaps.",
        "load_image starts the image that bootloader_load_image has loaded last, and does not return.",
    ),
}


def assumptions(theorem: str) -> tuple[str, ...]:
    """Return what the theorem of that name rests on, beside the functions that hooks stand for."""
    return *_ALL, *_ONE[theorem]
