"""The broken variants of the bootloader in `firmware/sources`: each is one small change, chosen by a macro.

`FAULT(name, broken, right)` in the sources marks the place; -DFAULT_name=1 chooses the broken one.
"""

from enum import Enum
from typing import NamedTuple


class Subject(Enum):
    """What a fault is about, and so which runs can notice it."""

    SELECTION = "selection"
    """Pairs of records, any number of slots, with and without factory, encryption on or off, operations failing."""
    FALLBACK = "fallback"
    """Whole boots, and which images pass."""
    TABLE = "table"
    """Partition tables."""
    WAKE_UP = "wake-up"
    """What a wake-up from deep sleep starts."""


class Fault(NamedTuple):
    """What one broken variant does wrong."""

    subject: Subject
    function: str
    """Where the change is; a static function may be inlined into its callers."""
    breaks: str
    is_noticed: bool
    """Whether runs of the subject notice it: those that they do not notice are about one word of 2^32."""
    options: tuple[str, ...] = ()
    """Options that the faulty code needs."""


_S, _F, _T, _W = Subject.SELECTION, Subject.FALLBACK, Subject.TABLE, Subject.WAKE_UP
_CRC = "bootloader_common_ota_select_crc"
_INVALID = "bootloader_common_ota_select_invalid"
_VALID = "bootloader_common_ota_select_valid"
_CHOOSE = "bootloader_common_select_otadata"
_ACTIVE = "bootloader_common_get_active_otadata"
_SELECT = "bootloader_utility_get_selected_boot_partition"
_LOAD = "bootloader_utility_load_boot_image"
_WAKE = "bootloader_utility_load_boot_image_from_deep_sleep"
_TABLE = "bootloader_utility_load_partition_table"
_VERIFY = "esp_partition_table_verify"
_DESCRIPTION = "bootloader_common_get_partition_description"
_ANTI = ("CONFIG_ANTI_ROLLBACK=1",)

FAULTS = {
    "crc_start": Fault(_S, _CRC, "the check word starts from 0", True),
    "crc_length": Fault(_S, _CRC, "the check word covers 4 bytes of the label too", True),
    "crc_ignored": Fault(_S, _VALID, "the check word does not matter", True),
    "crc_low_byte": Fault(_S, _VALID, "the low byte of the check word does not matter", True),
    "empty_number": Fault(_S, _INVALID, "number 0 means no record, in place of 0xFFFFFFFF", True),
    "invalid_is_valid": Fault(_S, _INVALID, "INVALID is bootable", True),
    "aborted_is_valid": Fault(_S, _INVALID, "ABORTED is bootable", True),
    "invalid_half_word": Fault(_S, _INVALID, "only the low half of the state is compared", True),
    "magic_state": Fault(_S, _INVALID, "one further state word, 0x5AFEB007, is invalid", False),
    "rare_number": Fault(_S, _INVALID, "one further number, 0x00C0FFEE, means no record", False),
    "signed_numbers": Fault(_S, _CHOOSE, "the numbers are compared as signed", True),
    "second_on_tie": Fault(_S, _CHOOSE, "of equal numbers the second record wins", True),
    "second_alone_forgotten": Fault(_S, _CHOOSE, "the second record alone counts as none", True),
    "lowest_number": Fault(_S, _ACTIVE, "the lowest number wins", True),
    "small_otadata": Fault(_S, _SELECT, "an otadata partition of one sector is taken", True),
    "pending_not_aborted": Fault(_S, _SELECT, "PENDING_VERIFY is not aborted", True),
    "second_not_aborted": Fault(_S, _SELECT, "PENDING_VERIFY is aborted in the first record only", True),
    "pending_half_word": Fault(_S, _SELECT, "PENDING_VERIFY is seen in the low half of the state", True),
    "abort_valid_only": Fault(_S, _SELECT, "with a wrong check word, PENDING_VERIFY is not aborted", True),
    "abort_as_invalid": Fault(_S, _SELECT, "PENDING_VERIFY becomes INVALID", True),
    "abort_not_written": Fault(_S, _SELECT, "ABORTED is not written to flash", True),
    "no_slots_unchecked": Fault(_S, _SELECT, "without slots the remainder by zero is taken", True),
    "factory_forgotten": Fault(_S, _SELECT, "with both records invalid, slot 0 boots though there is a factory", True),
    "factory_by_size": Fault(_S, _SELECT, "a factory app at offset 0 counts as one", False),
    "no_default_slot": Fault(_S, _SELECT, "with both records invalid and no factory, factory is selected", True),
    "one_initial_suffices": Fault(_S, _SELECT, "one unwritten record makes initial contents", True),
    "initial_by_number_alone": Fault(_S, _SELECT, "a wrong check word does not make a record unwritten", True),
    "remainder_off_by_one": Fault(_S, _SELECT, "the slot is the number, not the number less 1, mod the slots", True),
    "signed_remainder": Fault(_S, _SELECT, "the remainder is taken of signed numbers", True),
    "new_not_marked": Fault(_S, _SELECT, "NEW is not made PENDING_VERIFY", True),
    "new_marked_valid": Fault(_S, _SELECT, "NEW becomes VALID", True),
    "new_half_word": Fault(_S, _SELECT, "NEW is seen in the low half of the state", True),
    "mark_in_other_sector": Fault(_S, _SELECT, "PENDING_VERIFY is written over the other record", True),
    "wrong_sector": Fault(_S, "write_record", "the second record is written to the first sector", True),
    "encryption_not_passed": Fault(_S, "write_record", "the record is programmed unencrypted, always", True),
    "label_not_kept": Fault(_S, "write_record", "the label is overwritten with 0xFF", True),
    "crc_made_right": Fault(_S, "write_record", "a rewritten record gets a right check word", True),
    "erase_skipped": Fault(_S, "write_record", "the sector is not erased", True),
    "program_before_erase": Fault(_S, "write_record", "the record is programmed, then erased", True),
    "erase_result_ignored": Fault(_S, "write_record", "the record is programmed although the erase failed", True),
    "one_error_known": Fault(_S, "write_record", "of the errors of an erase, only ESP_FAIL counts", True),
    "short_program": Fault(_S, "write_record", "the check word is not programmed", True),
    "version_not_checked": Fault(_S, _SELECT, "the eFuse's secure version does not matter", True, _ANTI),
    "burned_for_new": Fault(_S, _SELECT, "the version is burned for NEW, not for VALID", True, _ANTI),
    "description_unmarked": Fault(_S, _DESCRIPTION, "a description needs no magic word", True, _ANTI),
    "version_of_other_slot": Fault(_S, _SELECT, "the version of the other record's slot is looked at", True, _ANTI),
    "burned_half_word": Fault(_S, _SELECT, "VALID is seen in the low half of the state", False, _ANTI),
    "first_slot_burned": Fault(_S, _SELECT, "the version of slot 0 is burned, whichever is selected", True, _ANTI),
    "old_image_started": Fault(_F, _LOAD, "an image of too old a version is tried", True, _ANTI),
    "first_not_burned": Fault(_F, _LOAD, "the version is not burned with the first record", True, _ANTI),
    "burned_before_record": Fault(_F, _LOAD, "the version is burned before the first record is written", False, _ANTI),
    "empty_partition_tried": Fault(_F, _LOAD, "a partition of size 0 is tried", True),
    "damaged_is_started": Fault(_F, _LOAD, "an image that does not pass is started", True),
    "fallback_upwards": Fault(_F, _LOAD, "the slots above are tried before those below", True),
    "fallback_skips_factory": Fault(_F, _LOAD, "factory is not tried", True),
    "fallback_skips_next": Fault(_F, _LOAD, "the slot above the selected one is not tried", True),
    "fallback_skips_last": Fault(_F, _LOAD, "the last slot is not tried on the way up", True),
    "test_app_forgotten": Fault(_F, _LOAD, "the test app is not tried at the end", True),
    "first_record_inverted": Fault(_F, _LOAD, "a first record is written where otadata held one", True),
    "first_record_number": Fault(_F, _LOAD, "the first record has the slot's number, not one more", True),
    "first_record_undefined": Fault(_F, _LOAD, "the first record is UNDEFINED, not VALID", True),
    "first_record_sector": Fault(_F, _LOAD, "the first record goes to the second sector", True),
    "md5_ignored": Fault(_T, _VERIFY, "a wrong MD5 row is taken", True),
    "row_end_unchecked": Fault(_T, _VERIFY, "a partition may end beyond the flash", True),
    "first_factory_row": Fault(_T, _TABLE, "of two factory rows the first counts", True),
    "slot_by_one_bit": Fault(_T, _TABLE, "subtypes 0x30, 0x50 … count as OTA slots", True),
    "slot_by_order": Fault(_T, _TABLE, "slots are numbered as they come", True),
    "count_by_number": Fault(_T, _TABLE, "the number of slots is the last slot's number and 1", True),
    "md5_of_half": Fault(_T, _VERIFY, "the MD5 is that of the first half of the rows", True),
    "slot_size_forgotten": Fault(_T, _TABLE, "the size of a slot is 0", True),
    "subtype_noted": Fault(_T, _TABLE, "a field is written that the table does not fill", False),
    "refused_is_taken": Fault(_T, _TABLE, "a table is taken that is refused, and the other way round", True),
    "otadata_any_data": Fault(_T, _TABLE, "the last data partition is taken for otadata", True),
    "wake_without_otadata": Fault(_W, _WAKE, "factory is started whatever otadata says", True),
    "wake_aborts": Fault(_W, _WAKE, "PENDING_VERIFY is aborted on the way", True),
    "wake_verifies": Fault(_W, _WAKE, "the image is verified", True),
    "wake_starts_anything": Fault(_W, _WAKE, "an image that does not load is started", False),
    "wake_after_any_reset": Fault(_W, _WAKE, "the fast path is taken whatever reset the chip", False),
}
