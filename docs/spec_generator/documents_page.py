"""The page of disagreements between the vendor's documents and the code, with evidence."""

from dataclasses import dataclass

from .board_scripts import transcript
from .recordings import recording, recordings
from .spec_page import SpecPage, anchor, fenced

NEVER_RECORDED = "ota data partition invalid"
"""The text of otaupgrade for ESP_ERR_OTA_SELECT_INFO_INVALID; a test checks that no recording has it."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A disagreement between a document and the code."""

    id: str
    title: str
    where: str
    """The document."""
    says: str
    does: str
    vectors: tuple[str, ...] = ()
    also: str = ""
    """Rows, cases and tests that show it, as Markdown."""
    script: str = ""
    not_shown: str = ""
    """Why the project has no evidence for it."""


DISAGREEMENTS: tuple[Disagreement, ...] = (
    Disagreement(
        "D1",
        "The state of an image that was not confirmed",
        "ota.rst, App Rollback",
        "The next boot marks it INVALID.",
        "It becomes ABORTED, as the rest of that document also says. rollback() leaves INVALID.",
        ("b00101",),
        "row [L51](life-cycle.md#l51)",
    ),
    Disagreement(
        "D2",
        "How the two sectors are written",
        "ota.rst and tee-ota.rst, OTA Data Partition",
        "Both sectors are written with the same data; if they differ, a counter decides.",
        "A change erases and writes one sector, so the two rarely match. The TEE keeps two copies and has no counter.",
        ("s0005",),
        "[complete(), operation by operation](call-complete.md#flash-operations-and-a-power-cut-at-each)",
    ),
    Disagreement(
        "D3",
        "INVALID and ABORTED are not selected at all",
        "ota.rst, table of states; esp_flash_partitions.h",
        "Such an image is never selected.",
        "It is not *selected*, but it can *start*: the fallback ignores the states.",
        ("s0406", "b00441"),
        "cases [K6](cases.md#k6), [aborted-image-boots](cases.md#aborted-image-boots)",
    ),
    Disagreement(
        "D4",
        "When a rollback is possible",
        "esp_ota_ops.h, esp_ota_check_rollback_is_possible",
        "If some slot has an image whose state is not UNDEFINED.",
        "The function considers one image, that of the other record, or factory. Its state may be UNDEFINED, NEW or PENDING_VERIFY.",
        ("s0286", "s1276", "s0236"),
        "[rollback()](call-rollback.md)",
    ),
    Disagreement(
        "D5",
        "The next slot to update",
        "esp_ota_ops.h, esp_ota_get_next_update_partition",
        "Never the given partition; NULL if otadata is not valid.",
        "With one slot it returns that slot. It never reads otadata.",
        script="one-slot",
    ),
    Disagreement(
        "D6",
        "Errors of esp_ota_begin and esp_ota_resume",
        "esp_ota_ops.h",
        "They may return ESP_ERR_OTA_SELECT_INFO_INVALID. A handle that is set on failure is not mentioned.",
        "No line of the code returns that error, and no recording has NodeMCU's text for it. From 5.5 on the handle is set before the erase, and stays set if the erase fails.",
        ("a0032", "a0033"),
        "case [K12](cases.md#k12)",
    ),
    Disagreement(
        "D7",
        "esp_ota_set_boot_partition",
        "esp_ota_ops.h",
        "It lists the errors, and says that a restart boots the partition if the function returns ESP_OK.",
        "It can also return ESP_ERR_OTA_SMALL_SEC_VER, and has then erased the partition. After ESP_OK another image can boot: near the maximum of the sequence numbers, and up to 5.5 for the running slot.",
        ("a0340", "s0578", "s0651"),
        "cases [K5](cases.md#k5), [K8](cases.md#k8)",
    ),
    Disagreement(
        "D8",
        "The name of a function",
        "ota.rst",
        "It names esp_ota_mark_app_invalid_rollback_with_reboot.",
        "The function is esp_ota_mark_app_invalid_rollback_and_reboot; the recordings use that name.",
        ("a0196",),
    ),
    Disagreement(
        "D9",
        "Whether a bootloader can be updated",
        "bootloader.rst",
        "OTA cannot flash a new bootloader.",
        "Since 5.5 it can; ota.rst describes how.",
        not_shown="updates of the bootloader are not modelled; the source is the code and ota.rst",
    ),
    Disagreement(
        "D10",
        "Rollback and secure versions",
        "Kconfig, CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK",
        "Rollback is possible only between applications of the same secure version.",
        "An image can start if its version is not below that of the eFuse.",
        ("b01708", "rs0098"),
        "claim [C8](claims.md#c8)",
    ),
    Disagreement(
        "D11",
        "Errors of accepting an image",
        "esp_ota_ops.h, esp_ota_mark_app_valid_cancel_rollback",
        "ESP_OK.",
        "Also ESP_FAIL if no record is active (for example if factory runs), ESP_ERR_NOT_FOUND without otadata, and errors of flash and eFuse.",
        ("s0337", "s0586"),
        "[accept()](call-accept.md)",
    ),
    Disagreement(
        "D12",
        "Names and types in the partition table",
        "partition-tables.rst",
        "A name has 16 bytes including its NUL. The bootloader ignores unknown types.",
        "The generator writes up to 16 bytes without a NUL, and readers stop after 16 bytes. The bootloader logs unknown types.",
        also="[the format](formats.md#partition-table); `test_label_of_sixteen_bytes_has_no_end_mark` in [tests/impl/test_partition_table.py](../../tests/impl/test_partition_table.py)",
    ),
    Disagreement(
        "D13",
        "Failing operations on the host",
        "esp_private/partition_linux.h, fail_after",
        "All operations after the given number fail.",
        "The simulated flash of ESP-IDF's host tests behaves differently after the first.",
        not_shown="ESP-IDF's host simulation is not part of this project, which has its own flash in [impl/chip/flash.py](../../impl/chip/flash.py)",
    ),
    Disagreement(
        "D14",
        "Comments on states of the TEE",
        "esp_tee_ota_utils.h",
        "The comments describe VALID and INVALID.",
        "They are swapped.",
        not_shown="the TEE is not modelled; the source is the header",
    ),
    Disagreement(
        "D15",
        "Factory and test images with anti-rollback",
        "ota.rst, Anti-rollback",
        "There must be neither a factory nor a test partition.",
        "The bootloader still tries both.",
        ("b00213", "p0015"),
    ),
    Disagreement(
        "D16",
        "Rollback after accept()",
        "NodeMCU's otaupgrade.md",
        "It is also possible after the new version has called accept().",
        "It is possible while the other record is bootable and its image is complete. From 5.5 on, with rollback, commence() may have erased that record.",
        ("s0407", "s0393", "s0449"),
        "cases [R14](cases.md#r14), [way-back-is-erased](cases.md#way-back-is-erased)",
    ),
)


def documents_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("documents", "Where documents and code disagree")
    page.add(
        "Statements of ESP-IDF's documentation and headers at the pinned commit, compared with the code. Where possible "
        "a recording of the C code shows the difference. `otaproof conform` replays all "
        f"{len(recordings()):,} recordings on the simulated board."
    )
    page.table(("", "about", "in"), ((f"[{d.id}](#{d.id.lower()})", d.title, d.where) for d in DISAGREEMENTS))
    for item in DISAGREEMENTS:
        page.add(anchor(item.id))
        page.heading(f"{item.id}: {item.title}")
        lines = [f"*{item.where}:* {item.says}", f"*The code:* {item.does}"]
        if item.vectors:
            lines.append(f"*Recordings:* {', '.join(map(recording, item.vectors))}.")
        if item.also:
            lines.append(f"*See:* {item.also}.")
        if item.not_shown:
            lines.append(f"*Not shown here:* {item.not_shown}.")
        page.add("\n".join(f"- {line}" for line in lines))
        if item.script:
            page.add("On the simulated board:", fenced(transcript(item.script)))
    return page
