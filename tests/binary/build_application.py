"""Compiles the application of our own in `firmware/application`, right or with one fault, for RISC-V and for Xtensa.

    python tests/binary/build_application.py     # make the committed files of `firmware/application/images` anew

It is linked with the bootloader's otadata_records.c, as ESP-IDF's applications are; compilers and flags are those of
build_firmware.py.
"""

import tempfile
from pathlib import Path

from build_firmware import CORES, SOURCES, Build, compile_flags, run_compiler

APPLICATION = SOURCES.parent / "application"
APPLICATION_IMAGES = APPLICATION / "images"
_WITH_DWARF = ("esp_ota_calls.c", "boot_partition.c")
"""The sources whose debug information is kept: each has the struct that a reader of its file asks for."""
APPLICATION_FAULTS = {
    "sixteen_are_none": "esp_ota_get_app_partition_count",
    "seventeen_slots": "esp_ota_get_app_partition_count",
    "second_record_alone": "esp_ota_get_state_partition",
    "state_of_any_record": "esp_ota_get_state_partition",
    "state_as_byte": "esp_ota_get_state_partition",
    "state_cleared": "esp_ota_get_state_partition",
    "old_check_word": "esp_ota_set_boot_partition",
    "label_erased": "esp_ota_mark_app_valid_cancel_rollback",
    "erase_fails_unseen": "esp_ota_mark_app_valid_cancel_rollback",
    "write_fails_unseen": "esp_ota_mark_app_valid_cancel_rollback",
    "record_cut_short": "esp_ota_mark_app_valid_cancel_rollback",
    "valid_half_word": "esp_ota_mark_app_valid_cancel_rollback",
    "valid_written_again": "esp_ota_mark_app_valid_cancel_rollback",
    "other_record_marked": "esp_ota_mark_app_valid_cancel_rollback",
    "signed_search": "esp_ota_set_boot_partition",
    "first_number_skipped": "esp_ota_set_boot_partition",
    "number_must_grow": "esp_ota_set_boot_partition",
    "every_second_number": "esp_ota_set_boot_partition",
    "slot_off_by_one": "esp_ota_set_boot_partition",
    "slot_by_three_bits": "esp_ota_set_boot_partition",
    "one_slot_too_many": "esp_ota_set_boot_partition",
    "active_overwritten": "esp_ota_set_boot_partition",
    "new_is_valid": "esp_ota_set_boot_partition",
    "image_unchecked": "esp_ota_set_boot_partition",
    "one_sector_for_factory": "esp_ota_set_boot_partition",
    "factory_no_way_back": "esp_ota_mark_app_invalid_rollback_and_reboot",
    "way_back_unchecked": "esp_ota_mark_app_invalid_rollback_and_reboot",
    "no_way_back_needed": "esp_ota_mark_app_invalid_rollback_and_reboot",
    "invalid_as_aborted": "esp_ota_mark_app_invalid_rollback_and_reboot",
    "restart_after_error": "esp_ota_mark_app_invalid_rollback_and_reboot",
    "no_restart": "esp_ota_mark_app_invalid_rollback_and_reboot",
    "inactive_without_otadata": "esp_ota_invalidate_inactive_ota_data_slot",
    "inactive_is_active": "esp_ota_invalidate_inactive_ota_data_slot",
    "inactive_of_any_check_word": "esp_ota_invalidate_inactive_ota_data_slot",
    "inactive_of_running_app": "esp_ota_invalidate_inactive_ota_data_slot",
    "inactive_with_its_image": "esp_ota_invalidate_inactive_ota_data_slot",
    **dict.fromkeys(
        (
            *("factory_may_be_written", "running_slot_may_be_written", "new_image_is_pending", "session_forgotten"),
            *("handle_given_again", "erased_at_once", "no_size_erases_nothing", "rounded_down"),
            *("slot_erase_fails_unseen", "unknown_is_invalid"),
        ),
        "esp_ota_begin",
    ),
    "image_erase_fails_unseen": "esp_ota_erase_last_boot_app_partition",
    "one_sector_of_the_image": "esp_ota_erase_last_boot_app_partition",
}
"""By the name that FAULT has in the sources: the call that shows it."""
VERSION_FAULTS = {
    "unread_is_missing": "esp_ota_set_boot_partition",
    "description_magic_ignored": "esp_ota_mark_app_valid_cancel_rollback",
    "undescribed_may_boot": "esp_ota_set_boot_partition",
    "version_is_magic": "esp_ota_set_boot_partition",
    "old_image_kept": "esp_ota_set_boot_partition",
    "old_erase_fails_unseen": "esp_ota_set_boot_partition",
    "way_back_of_any_version": "esp_ota_mark_app_invalid_rollback_and_reboot",
    "old_factory_way_back": "esp_ota_mark_app_invalid_rollback_and_reboot",
    "next_version_burned": "esp_ota_mark_app_valid_cancel_rollback",
    "burn_fails_unseen": "esp_ota_mark_app_valid_cancel_rollback",
    "burn_before_write": "esp_ota_mark_app_valid_cancel_rollback",
    "burn_after_failure": "esp_ota_mark_app_valid_cancel_rollback",
}
"""Those that need anti-rollback."""
NEW_SESSION_FAULTS = ("record_before_slot", "record_of_any_target", "record_kept")
"""Of esp_ota_begin with the rules of 5.5."""


APPLICATION_SOURCES = (
    APPLICATION / "esp_ota_calls.c",
    APPLICATION / "esp_ota_session.c",
    SOURCES / "otadata_records.c",
    SOURCES / "division.c",
)


def compile_objects(build: Build, sources: tuple[Path, ...], folder: Path) -> tuple[Path, ...]:
    """Return the objects of sources, made in `folder`. Raises CalledProcessError where the compiler refuses."""
    objects = tuple(folder.resolve() / f"{source.stem}.o" for source in sources)
    for source, compiled in zip(sources, objects, strict=True):
        # No path of this machine gets into an ELF.
        debug = ("-g", f"-ffile-prefix-map={SOURCES.parent}=.") if source.name in _WITH_DWARF else ()
        flags = (*compile_flags(build), f"-I{SOURCES}", *debug)
        run_compiler(CORES[build.core].compiler, *flags, "-c", str(source), "-o", str(compiled))
    return objects


def compile_application(build: Build, folder: Path) -> Path:
    """Return the ELF of a build, made in `folder`. Raises CalledProcessError where the compiler refuses."""
    core = CORES[build.core]
    elf = folder.resolve() / f"{build.name}-application.elf"
    flags = (*compile_flags(build), f"-I{SOURCES}")
    with tempfile.TemporaryDirectory() as work:
        objects = compile_objects(build, APPLICATION_SOURCES, Path(work))
        link = ("-nostdlib", "-Wl,--build-id=none", "-Wl,-z,max-page-size=16", "-Wl,-e,esp_ota_set_boot_partition")
        scripts = ("-T", core.linker_script, str(APPLICATION / "application.ld"))
        run_compiler(core.compiler, *flags, *link, *scripts, *map(str, objects), *core.libraries, "-o", str(elf))
    elf.chmod(0o644)
    return elf


COMMITTED_APPLICATIONS = (Build("riscv"), Build("riscv", "every_second_number"), Build("xtensa"))
"""The builds whose ELFs are committed, for machines without a compiler."""

if __name__ == "__main__":
    APPLICATION_IMAGES.mkdir(exist_ok=True)
    for wanted in COMMITTED_APPLICATIONS:
        compile_application(wanted, APPLICATION_IMAGES)
