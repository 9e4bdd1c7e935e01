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
}
"""By the name that FAULT has in the sources: the call that shows it."""


def compile_application(build: Build, folder: Path) -> Path:
    """Return the ELF of a build, made in `folder`. Raises CalledProcessError where the compiler refuses."""
    core = CORES[build.core]
    elf = folder.resolve() / f"{build.name}-application.elf"
    flags = (*compile_flags(build), f"-I{SOURCES}")
    with tempfile.TemporaryDirectory() as work:
        sources = [APPLICATION / "esp_ota_calls.c", SOURCES / "otadata_records.c", SOURCES / "division.c"]
        objects = [Path(work, f"{source.stem}.o") for source in sources]
        for source, compiled in zip(sources, objects, strict=True):
            # No path of this machine gets into an ELF.
            debug = ("-g", f"-ffile-prefix-map={SOURCES.parent}=.") if source.parent == APPLICATION else ()
            run_compiler(core.compiler, *flags, *debug, "-c", str(source), "-o", str(compiled))
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
