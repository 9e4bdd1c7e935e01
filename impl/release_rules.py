"""Where ESP-IDF's releases differ, as far as the board has to know. One line per difference and side.

Source: components/app_update/esp_ota_ops.c, components/esp_partition and components/bootloader_support of
each release.
"""

from dataclasses import dataclass

from ..model.config import Release


@dataclass(frozen=True, slots=True)
class AppRules:
    """What an application built with a release does."""

    begin_takes_any_partition: bool
    """esp_ota_begin accepts data partitions, gives out the handle before it erases, and with rollback on
    erases the inactive otadata entry."""
    begin_refuses_second_session: bool
    """esp_ota_begin on a partition in use: ESP_ERR_OTA_ALREADY_IN_PROGRESS."""
    resume_refuses_pending: bool
    """esp_ota_resume checks, with rollback on, that the running image has been accepted."""
    same_slot_in_place: bool
    """esp_ota_set_boot_partition of the active slot rewrites the active entry; before, the other one."""
    write_ignores_empty: bool
    """esp_ota_write with no data returns ESP_OK before it looks at the handle."""
    erases_sector_too_many: bool
    """A sequential esp_ota_write that ends on a sector boundary erases one sector too many."""
    burns_version_of_linked_image: bool
    """mark_app_valid burns the version compiled into the running image, not the one read from flash."""
    checks_version_at_start: bool
    """With anti-rollback the application does not start where its secure version is below the eFuse's."""
    compares_two_bytes_of_table: bool
    """The first data for a partition table is compared with its magic word even where it is a single byte."""
    honours_readonly: bool
    """esp_partition_write and _erase_range refuse read-only partitions."""
    copies_by_sector: bool
    """esp_partition_copy programs a sector at a time; before, as much as could be mapped at once."""


def app_rules(release: Release) -> AppRules:
    """Return what an application built with `release` does."""
    return AppRules(
        begin_takes_any_partition=release >= Release.V5_5,
        begin_refuses_second_session=release >= Release.V6_1,
        resume_refuses_pending=release >= Release.V6_2_DEV,
        same_slot_in_place=release >= Release.V6_0,
        write_ignores_empty=release >= Release.V5_1,
        erases_sector_too_many=release < Release.V5_1,
        burns_version_of_linked_image=release < Release.V5_1,
        checks_version_at_start=release >= Release.V5_5,
        compares_two_bytes_of_table=Release.V5_5 <= release < Release.V6_2_DEV,
        honours_readonly=release >= Release.V5_5,
        copies_by_sector=release >= Release.V6_0,
    )
