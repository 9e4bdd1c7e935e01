"""What `otaproof explain --json` prints: the flash, and for each set of rules all that comes of it."""

from collections.abc import Sequence
from typing import Any

from ...analysis.history_search import Case, HistoryFound
from ...campaign.explain.entries import EntryReading, SlotNames, summary_of
from ...campaign.explain.explanation import Change, slot_names
from ...campaign.explain.found_images import ImageReading
from ...project.flash_dump import Loaded


def as_json(loaded: Loaded, cases: Sequence[Case]) -> dict[str, Any]:
    """Return everything as one JSON object."""
    names = slot_names(loaded.table)
    return {
        "source": loaded.title,
        "chip": loaded.config.chip.value,
        "settings": {setting.name: setting.value for setting in loaded.settings},
        "assumed": {s.name: str(s.origin) for s in loaded.settings if s.origin.assumed},
        "notes": loaded.notes,
        "table": [
            {"label": p.label, "type": p.type, "subtype": p.subtype, "offset": p.offset, "size": p.size}
            for p in (loaded.table if loaded.knows_table else ())
        ],
        "releases": [_case_as_json(case, loaded, names) for case in cases],
    }


def _case_as_json(case: Case, loaded: Loaded, names: SlotNames) -> dict[str, Any]:
    answer, config = case.answer, case.config
    return {
        "idf": config.app_release.label,
        "bootloader_idf": config.bootloader_release.label,
        "rollback": config.rollback,
        "anti_rollback": config.anti_rollback,
        "table_problem": answer.table_problem,
        "app_table_problem": answer.app_table_problem,
        "entries": None if answer.entries is None else [_entry_as_json(entry) for entry in answer.entries],
        "images": [_image_as_json(image) for image in answer.images] if loaded.knows_images else None,
        "selected": answer.selected,
        "why": list(answer.why),
        "is_fallback": answer.is_fallback,
        "boots": answer.first.label,
        "outcome": answer.first.outcome.value,
        "detail": answer.first.detail,
        "state": answer.first.state,
        "writes": _ops(answer.first.change),
        "otadata_after": _entries_after(answer.first.change, names),
        "efuse_after": answer.first.change.efuse[1],
        "next_boots": None if answer.second is None else answer.second.label,
        "next_writes": None if answer.second is None else _ops(answer.second.change),
        "calls": {
            call.name: {
                "outcome": call.outcome.value,
                "error": call.error,
                "writes": _ops(call.change),
                "otadata_after": _entries_after(call.change, names),
                "then_boots": call.then,
            }
            for call in answer.calls
        },
        "history": _history_as_json(case.history),
    }


def _entry_as_json(reading: EntryReading) -> dict[str, Any]:
    entry = reading.entry
    return {
        "raw": reading.raw.hex(),
        "seq": entry.ota_seq,
        "label": entry.seq_label.hex(),
        "state": entry.ota_state,
        "state_name": reading.state_name,
        "crc": entry.crc,
        "crc_wanted": reading.crc_wanted,
        "bootable": reading.is_bootable,
        "says": reading.summary,
        "problems": list(reading.problems),
    }


def _image_as_json(image: ImageReading) -> dict[str, Any]:
    desc = image.desc
    return {
        "label": image.label,
        "offset": image.offset,
        "blank": image.is_blank,
        "project": None if desc is None else desc.project_name,
        "version": None if desc is None else desc.version,
        "secure_version": None if desc is None else desc.secure_version,
        "idf_version": None if desc is None else desc.idf_ver,
        "boots": image.is_whole,
        "problem": image.problem,
        "app_problem": image.app_problem,
    }


def _ops(change: Change) -> list[list[Any]]:
    return [[op.kind.value, op.address, op.length] for op in change.ops]


def _entries_after(change: Change, names: SlotNames) -> list[dict[str, str]] | None:
    if change.entries is None:
        return None
    return [{"raw": raw.hex(), "says": summary_of(raw, names)} for raw in change.entries]


def _history_as_json(found: HistoryFound | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "verdict": found.verdict,
        "steps": list(found.sentences),
        "cuts": found.cuts,
        "token": found.token,
        "why_no_token": found.why_no_token,
    }
