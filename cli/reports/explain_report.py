"""What `otaproof explain` prints: the flash, its entries and images, and what comes of them, by the rules that agree.

Each section is printed once for all rules under which it is the same, so that what differs stands out.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from rich.console import Console

from ...analysis.history_search import Case
from ...analysis.results.explain_result import violations_of
from ...analysis.results.result_parts import setting_entries
from ...campaign.explain.entries import EntryReading, SlotNames, summary_of
from ...campaign.explain.explanation import CALLS, Answer, BootReading, Change, slot_names
from ...campaign.explain.found_images import ImageReading
from ...campaign.history.player import StepOutcome
from ...campaign.operation_text import describe_ops
from ...impl.partitions.partition import Partition, PartitionType
from ...model.claims.claims import claim as find_claim
from ...model.config import Release, release_name
from ...model.idf_version import IdfVersion
from ...project.flash_dump import Loaded
from .fix_lines import print_judgement
from .report_page import WRONG, ReportPage
from .settings_report import print_settings

_TYPES = {member.value: member.name.lower() for member in PartitionType}
_DATA = {0: "ota", 1: "phy", 2: "nvs", 3: "coredump", 4: "nvs_keys", 5: "efuse", 6: "undefined"}
_DATA |= {0x80: "esphttpd", 0x81: "fat", 0x82: "spiffs", 0x83: "littlefs"}
_ENDS = {
    StepOutcome.RETURNED: "ok",
    StepOutcome.RESTARTED: "restarts",
    StepOutcome.PANICKED: "crashes: an assertion of the C code fails",
    StepOutcome.HUNG: "never ends",
}


def print_report(console: Console, loaded: Loaded, cases: Sequence[Case]) -> None:
    """Print everything, section by section; last what it rests on."""
    page = ReportPage(console)
    page.calls(loaded.config.updater)
    page.title(loaded.title)
    if len(cases) > 1 and len(grouped(cases, lambda case: _everything(case, loaded))) == 1:
        page.line(f"What follows is the same for {_rules_looked_at(cases)}.")
    names = slot_names(loaded.table)
    _by_rules(
        page,
        cases,
        "At the next power-on",
        lambda c: _told_first(c.answer, loaded),
        lambda told: _first_boot(page, told, names),
    )
    if not all(case.answer.is_good for case in cases) and loaded.knows_images:
        page.line("otaproof mend tells what to write so that it boots, and what boots then", style="dim")
    _by_rules(
        page,
        cases,
        "At the power-on after that, if nothing is called",
        lambda c: c.answer.second,
        lambda boot: _second_boot(page, boot, names),
    )
    page.title("If the application that boots next called …")
    for name in CALLS:
        _print_call(page, cases, name, names)
    if any(case.history is not None for case in cases):
        _by_rules(page, cases, "How it came to this", _told_history, lambda told: _history(page, told, cases))
    _by_rules(page, cases, "otadata", lambda c: c.answer.entries, lambda e: _entry_lines(page, e))
    if loaded.knows_images:
        _by_rules(page, cases, "Images", lambda c: c.answer.images, lambda i: _image_lines(page, i))
    _print_table(page, loaded)
    print_settings(page, setting_entries(loaded.settings), loaded.notes)


def _everything(case: Case, loaded: Loaded) -> Hashable:
    """Return all that is reported of a case."""
    answer = case.answer
    found = (answer.entries, answer.images, _told_first(answer, loaded), answer.second, answer.calls)
    return (*found, _told_history(case))


def _rules_looked_at(cases: Sequence[Case]) -> str:
    """Return the rules of all cases in words."""
    text = _releases_text({case.config.app_point for case in cases}, {release.point for release in Release})
    return text if len({case.config.rollback for case in cases}) == 1 else f"{text}, with and without rollback"


def _by_rules(
    page: ReportPage,
    cases: Sequence[Case],
    title: str,
    part: Callable[[Case], Any],
    tell: Callable[[Any], None],
) -> None:
    """Print a section once for all rules that agree on it."""
    page.title(title)
    groups = grouped(cases, part)
    for value, members in groups:
        if len(groups) > 1:
            page.line(f"{rules_text(members, cases)}:", style="cyan")
        tell(value)


def grouped(cases: Sequence[Case], part: Callable[[Case], Any]) -> list[tuple[Any, list[Case]]]:
    """Return the cases by what they say, in their order."""
    groups: dict[Hashable, list[Case]] = {}
    for case in cases:
        groups.setdefault(part(case), []).append(case)
    return list(groups.items())


def rules_text(members: Sequence[Case], cases: Sequence[Case]) -> str:
    """Return which rules some cases are, of all."""
    everything = {case.config.app_point for case in cases}
    by_rollback: dict[bool, set[IdfVersion]] = {}
    for case in members:
        by_rollback.setdefault(case.config.rollback, set()).add(case.config.app_point)
    is_one = len({case.config.rollback for case in cases}) == 1
    texts = {is_on: _releases_text(found, everything) for is_on, found in by_rollback.items()}
    if is_one or (len(texts) == 2 and len(set(texts.values())) == 1):
        return next(iter(texts.values()))
    return "; ".join(f"{'with' if on else 'without'} rollback, {text}" for on, text in texts.items())


def _releases_text(found: set[IdfVersion], everything: set[IdfVersion]) -> str:
    if found == everything and len(everything) > 1:
        return "every release"
    ordered, known = sorted(found), sorted(everything | found)
    first, last = known.index(ordered[0]), known.index(ordered[-1])
    if len(ordered) > 2 and ordered == known[first : last + 1]:
        return f"{release_name(ordered[0])} to {release_name(ordered[-1])}"
    return ", ".join(map(release_name, ordered))


def _print_table(page: ReportPage, loaded: Loaded) -> None:
    if not loaded.knows_table:
        return
    page.title(f"Partition table at 0x{loaded.config.table_offset:x}")
    width = max((len(p.label) for p in loaded.table), default=0)
    for partition in loaded.table:
        kind = f"{_type(partition)}"
        page.whole(f"{partition.label:{width}}  {kind:14} 0x{partition.offset:06x} … 0x{max(0, partition.end - 1):06x}")
    if not loaded.table:
        page.line("no partition can be read from it", style="yellow")


def _type(partition: Partition) -> str:
    if partition.is_ota_slot:
        return f"app ota_{partition.slot}"
    if partition.is_app:
        return {0: "app factory", 0x20: "app test"}.get(partition.subtype, f"app 0x{partition.subtype:02x}")
    subtype = _DATA.get(partition.subtype) if partition.type == PartitionType.DATA else None
    return f"{_TYPES.get(partition.type, f'0x{partition.type:02x}')} {subtype or f'0x{partition.subtype:02x}'}"


def _entry_lines(page: ReportPage, entries: tuple[EntryReading, EntryReading] | None) -> None:
    if entries is None:
        page.line("there is no otadata partition of two sectors", style="yellow")
        return
    for reading in entries:
        page.line(f"entry {reading.number}  {reading.summary}{_verdict(reading)}", hang=9)
        if reading.summary != "blank":
            page.whole(f"         {_fields(reading)}")
        for problem in reading.problems:
            page.line(problem, indent=11, hang=2, style="yellow")


def _verdict(reading: EntryReading) -> str:
    """Return what a bootloader may do with an entry; ESP-IDF's own reads a record by turns as one of its own."""
    if reading.summary == "blank":
        return ""
    if reading.is_by_turns:
        return f" (ESP-IDF's bootloader: {reading.state_name}, {'' if reading.is_bootable else 'not '}bootable)"
    return ": bootable" if reading.is_bootable else ": not bootable"


def _fields(reading: EntryReading) -> str:
    entry, raw = reading.entry, reading.raw
    if reading.is_by_turns:
        return f"seq {raw[:4].hex()}  what {raw[4:8].hex()}  state {raw[24:28].hex()}  crc {raw[28:].hex()} (whole)"
    label = "ff×20" if raw[4:24] == b"\xff" * 20 else raw[4:24].hex()
    right = (
        "right" if entry.crc == reading.crc_wanted else f"wrong, not {reading.crc_wanted.to_bytes(4, 'little').hex()}"
    )
    return f"seq {raw[:4].hex()}  label {label}  state {raw[24:28].hex()}  crc {raw[28:].hex()} ({right})"


def _image_lines(page: ReportPage, images: tuple[ImageReading, ...]) -> None:
    width = max((len(image.label) for image in images), default=0)
    for image in images:
        is_bad = image.problem is not None
        page.line(f"{image.label:{width}}  {_image_text(image)}", hang=width + 2, style="yellow" if is_bad else None)
        if image.app_problem != image.problem:
            said = "accepts it" if image.app_problem is None else f"says: {image.app_problem}"
            page.line(f"esp_image_verify, in the application, {said}", indent=width + 4, style="yellow")
    if not images:
        page.line("no app partition")


def _image_text(image: ImageReading) -> str:
    if image.is_blank:
        return "blank"
    verdict = "verifies" if image.problem is None else f"DOES NOT BOOT: {image.problem}"
    if image.desc is None:
        return f"no description; {verdict}"
    desc = image.desc
    return f"{image.name}, ESP-IDF {desc.idf_ver or '?'}, secure version {desc.secure_version}; {verdict}"


class _FirstBoot(NamedTuple):
    """What is reported of the next power-on."""

    boot: BootReading
    selected: str | None
    why: tuple[str, ...]
    problem: str | None
    """What is wrong with what is selected."""
    is_fallback: bool
    order: tuple[str, ...]
    """The order of trying, where nobody knows the images."""


def _told_first(answer: Answer, loaded: Loaded) -> _FirstBoot:
    problem = next((image.problem for image in answer.images if image.label == answer.selected), None)
    order = () if loaded.knows_images else answer.order
    return _FirstBoot(answer.first, answer.selected, answer.why, problem, answer.is_fallback, order)


def _first_boot(page: ReportPage, told: _FirstBoot, names: SlotNames) -> None:
    boot, selected, problem = told.boot, told.selected, told.problem
    page.line(_boot_text(boot), style="bold" if boot.boots else "bold red")
    for clause in told.why:
        page.line(clause, indent=4)
    if told.order:
        page.line(f"tried in this order until one verifies: {', '.join(told.order)}", indent=4)
    if selected is not None and boot.label != selected:
        page.line(f"{selected} does not pass{'' if problem is None else f': {problem}'}", indent=4, style="yellow")
    if told.is_fallback:
        page.line(
            f"so the bootloader tries what lies below it down to factory, then above it, whatever otadata says of "
            f"them, and starts {boot.label}",
            indent=4,
            style="yellow",
        )
    _change(page, boot.change, names, 4)
    if boot.boots:
        said = f"it runs {boot.label}" + (f", “{boot.state}”" if boot.state else "")
        page.line(f"info() says: {said}; next {boot.info_next or 'unknown'}", indent=4)


def _second_boot(page: ReportPage, boot: BootReading | None, names: SlotNames) -> None:
    if boot is None:
        page.line("the same: no application has run")
        return
    page.line(_boot_text(boot), style="bold" if boot.boots else "bold red")
    _change(page, boot.change, names, 4)


def _boot_text(boot: BootReading) -> str:
    if boot.label is None:
        word = "nothing boots" if boot.outcome is StepOutcome.NOTHING_BOOTS else boot.outcome.value
        return f"{word}: {boot.detail}" if boot.detail else word
    return f"{boot.label} boots" + (", under test" if boot.state == "testing" else "")


def _change(page: ReportPage, change: Change, names: SlotNames, indent: int) -> None:
    """Say what is written, and what otadata holds then."""
    if not change.ops and change.efuse[0] == change.efuse[1]:
        page.line("nothing is written", indent=indent)
        return
    if change.ops:
        page.line(f"flash: {describe_ops(change.ops)}", indent=indent)
    if change.entries is not None and change.changes_entries:
        for number, raw in enumerate(change.entries):
            page.line(f"entry {number} then: {summary_of(raw, names)}", indent=indent, hang=14)
    if change.efuse[0] != change.efuse[1]:
        page.line(f"eFuse: secure version {change.efuse[0].bit_count()} → {change.efuse[1].bit_count()}", indent=indent)


def _print_call(page: ReportPage, cases: Sequence[Case], name: str, names: SlotNames) -> None:
    """Say what a call comes to, once for all rules that agree."""
    groups = grouped(cases, lambda case: next((call for call in case.answer.calls if call.name == name), None))
    for call, members in groups:
        rules = f"{rules_text(members, cases)}: " if len(groups) > 1 else ""
        if call is None:
            page.line(f"{name + '()':11} {rules}no application boots that could call it", hang=12)
            continue
        end = (
            f"error “{call.error}”"
            if call.outcome is StepOutcome.RAISED
            else _ENDS.get(call.outcome, call.outcome.value)
        )
        page.line(f"{name + '()':11} {rules}{end}; {call.then or 'nothing'} boots after it", hang=12)
        _change(page, call.change, names, 14)


class _ToldHistory(NamedTuple):
    """What is reported of a history: tokens differ by the release that they name."""

    verdict: str
    sentences: tuple[str, ...]
    violated: tuple[str, ...]
    """Ids of claims."""


def _told_history(case: Case) -> _ToldHistory:
    found = case.history
    if found is None:
        return _ToldHistory("", (), ())
    return _ToldHistory(found.verdict, found.sentences, tuple(item.claim for item in violations_of(found)))


def _history(page: ReportPage, told: _ToldHistory, cases: Sequence[Case]) -> None:
    verdict, sentences, _ = told
    page.line(verdict, style="bold")
    for number, sentence in enumerate(sentences, 1):
        page.line(f"{number}. {sentence}", indent=4, hang=3)
    found = next(case.history for case in cases if _told_history(case) == told)
    if found is not None and found.token is not None:
        page.command(f"otaproof replay {found.token}", 4)
    if found is not None and found.note:
        page.line(found.note, indent=4)
    for item in () if found is None else violations_of(found):
        page.item(WRONG, f"{item.claim} {find_claim(item.claim).name} is violated: {item.text}", 4, "bold red")
        print_judgement(page, item.claim, item, 6)
    if found is not None and found.why_no_token is not None:
        page.line(f"no replay: {found.why_no_token}", indent=4, style="yellow")
