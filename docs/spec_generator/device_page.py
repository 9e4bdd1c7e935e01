"""The page of the device model: scope, fields, tasks, tears, and every action with its guard, effects and source."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from otaproof.diagrams.model_reading.member_docs import member_docs
from otaproof.model.config import Config, Release
from otaproof.model.device.action import Action, Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import DeviceModel, Field, device_model
from otaproof.model.device.record_tears import erased_tears, programmed_tears
from otaproof.model.device.records import Check, Numbers, Record, Word
from otaproof.model.device.state import Content, Device, Expectation, Ghost, Phase, Scope, Slot, Task, Usage
from otaproof.model.device.term_names import PLACES, enum_of_field
from otaproof.model.fault_model import MODELLED_FAULTS, FaultModel

from .effects_text import RANKED, effect_lines
from .left_out_text import left_out_sentence
from .life_cycle_page import field_docs
from .spec_page import SpecPage, anchor, code, first_line, folded, picture, repo_file
from .spec_scopes import RELEASES
from .terms_text import Vocabulary

_CONFIG = Config(rollback=True, app_release=Release.V6_1, bootloader_release=Release.V6_1)
PLAIN = Scope(_CONFIG, faults=FaultModel.F3)
"""The scope whose actions the page shows: rollback on, two slots, any usage."""
WIDEST = replace(PLAIN, config=replace(_CONFIG, anti_rollback=True), has_factory=True, versions=2)
"""A scope with the actions that PLAIN lacks."""
WAKING = replace(PLAIN, config=replace(_CONFIG, skip_validate_in_deep_sleep=True))
TWO_HANDLES = replace(PLAIN, config=replace(_CONFIG, app_release=Release.V6_0))
"""A scope in which one slot can have two handles."""
SKIPPING = replace(PLAIN, config=replace(_CONFIG, skip_validate_always=True))
_LONG = 320
"""Length in characters from which a term is shown only in its long form."""
_TORN = ("cut_in_erase_leaves_", "cut_in_program_leaves_")
_KINDS = {
    Kind.CALL: "Calls",
    Kind.FLASH: "Flash and eFuse operations",
    Kind.BOOT: "Decisions of the bootloader",
    Kind.RESET: "Resets",
    Kind.CUT: "Power cuts",
}
"""The kinds of actions of every device, with their titles; the others are there where a scope allows them."""


def device_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("device-model", "The device model")
    page.add(
        "A finite transition system of the whole device: two otadata records, the slots, the eFuse, and the running "
        f"program. {repo_file('model/device/state.py')} has its state. Its actions are in "
        f"{repo_file('model/device/boot_steps.py')} (the bootloader), {repo_file('model/device/calls.py')} and "
        f"{repo_file('model/device/api_calls.py')} (the calls), {repo_file('model/device/flash_steps.py')} (flash "
        f"operations) and {repo_file('model/device/power_cuts.py')} (power cuts). All claims are decided on "
        f"this model, and its traces are replayed on the simulated board "
        f"({repo_file('campaign/lockstep/trace_replay.py')}).",
        "An action is enabled in its *tasks* if its *guard* holds. It changes the fields under *effects* and no "
        "others. One action is one observable event: a call, a decision of the bootloader, one flash operation, or a "
        "power cut.",
        left_out_sentence("claims.md"),
    )
    _scope(page)
    _fields(page)
    _tasks(page)
    _tears(page)
    _words(page)
    _actions(page)
    _torn_actions(page)
    _allowed_actions(page)
    return page


def _scope(page: SpecPage) -> None:
    page.heading("Scope")
    page.add("A model is built for one scope, and has no action that the scope excludes:")
    docs = field_docs(Scope)
    page.table(
        ("", "meaning"),
        (
            (code("config"), "[Configuration](releases.md#options) of bootloader and application."),
            *((code(name), text) for name, text in docs.items()),
            (code("faults"), "[Fault model](glossary.md#fault-model) of the power cuts."),
            *((code(f"usage = {usage.value}"), member_docs(Usage)[usage.name]) for usage in Usage),
            *((code(f"ghosts: {ghost.value}"), member_docs(Ghost)[ghost.name]) for ghost in Ghost),
            *((code(f"numbers = {numbers.value}"), member_docs(Numbers)[numbers.name]) for numbers in Numbers),
        ),
    )


def _fields(page: SpecPage) -> None:
    page.heading("Fields")
    model = device_model(replace(WIDEST, ghosts=frozenset(Ghost)))
    words = Vocabulary(model.scope, model.device)
    docs = {**field_docs(Device)}
    record, slot = field_docs(Record), field_docs(Slot)
    page.add(
        "A *place* is an OTA slot, the factory partition, or nowhere. While a record is being programmed (`phase` "
        "PROGRAM), its fields hold the new values, and its sector is blank."
    )
    known = {
        "task": "The current task; see [tasks](#tasks).",
        "phase": first_line(Phase.__doc__) + " See [phases](#phases).",
        "burned": docs.get("burned", ""),
        "expectation": first_line(Expectation.__doc__),
        "slot_content": first_line(Content.__doc__),
        "slot_is_finished": _capital(member_docs(Ghost)["FINISHED"].removeprefix("Per slot: ")),
        "slot_is_earned": _capital(member_docs(Ghost)["EARNED"].removeprefix("Per slot: ")),
        "expected": "The place that must start next.",
        "old_choice": "The place that would start without the current call; nowhere if there is no call.",
        "record_check": first_line(Check.__doc__),
        "record_word": first_line(Word.__doc__),
        "new_choice": "The place that starts after that call.",
    }

    def meaning(field: Field) -> str:
        general = field.name.replace("record0", "record").replace("record1", "record").replace("slot0", "slot")
        general = general.replace("slot1", "slot")
        kind, _, part = general.partition("_")
        found = {"record": record, "slot": slot}.get(kind, {}).get(part) or docs.get(general)
        return known.get(general) or found or ""

    def initial(field: Field) -> str:
        enum = enum_of_field(field.name)
        if enum is not None:
            return enum(field.initial).name
        if field.name in PLACES:
            return words.place(field.initial)
        return str(field.initial) if field.bits else str(bool(field.initial)).lower()

    page.table(
        ("field", "bits", "initial value", "meaning"),
        ((code(f.name), str(f.bits or "boolean"), initial(f), meaning(f)) for f in model.fields),
    )
    page.heading("Values", 3)
    for enum in (Check, Word, Content, Expectation):
        texts = member_docs(enum)
        page.add(f"**{enum.__name__}.** {first_line(enum.__doc__)}")
        page.table(("value", "", "meaning"), ((str(m.value), code(m.name), texts.get(m.name, "")) for m in enum))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tasks(page: SpecPage) -> None:
    page.heading("Tasks")
    docs = member_docs(Task)
    page.table(("task", "meaning"), ((anchor(f"task-{t.name}") + code(t.name), docs[t.name].strip(" …")) for t in Task))
    page.heading("Phases", 3)
    phases = member_docs(Phase)
    page.table(("phase", "meaning"), ((code(p.name), phases[p.name]) for p in Phase))
    page.add(picture("boot-with-rollback", "The decisions of the bootloader, with rollback"))


def _tears(page: SpecPage) -> None:
    page.heading("Tears of a record")
    page.add(
        "The states in which a power cut can leave a record while its sector is erased, or while it is programmed into "
        "an erased sector. Each fault model includes the ones before it. A proof shows that every tear of the 32 bytes "
        f"belongs to one of these classes, and that no class is empty ({repo_file('proofs/bytes/torn_records.py')}).",
        picture("otadata-record", "The otadata record"),
    )
    rows = []
    for title, tears in (("programmed", programmed_tears), ("erased", erased_tears)):
        for word in Word:
            cells = []
            before: frozenset[tuple[Check, Word]] = frozenset()
            for faults in MODELLED_FAULTS:
                left = tears(Check.RIGHT, word, faults)
                cells.append(_left(left - before))
                before = left
            rows.append((title, code(word.name), *cells))
    page.table(("while it is", "record", *(f"{f.name}{' adds' if f else ''}" for f in MODELLED_FAULTS)), rows)


def _left(torn: Iterable[tuple[Check, Word]]) -> str:
    by_check: dict[Check, list[str]] = {}
    for check, word in sorted(torn):
        by_check.setdefault(check, []).append(word.name)
    return "; ".join(f"{check.name.lower()} {', '.join(words)}" for check, words in by_check.items()) or "–"


def _words(page: SpecPage) -> None:
    page.heading("Terms of guards and effects")
    page.add(
        "Guards and effects are terms. The page prints the terms of the model, with a name for each part that a "
        "function of the model computes:"
    )
    page.table(
        ("name", "meaning"),
        (
            (
                "the deciding record, the other record",
                "The [active](glossary.md#active) record, and the other one; record 0 if none is active.",
            ),
            (
                "the selected record",
                "With anti-rollback: the active one of the records whose slot has a description of an allowed version.",
            ),
            ("the record being rewritten", "The record in the sector `sector`."),
            ("bootable, invalid", "See [glossary](glossary.md#bootable)."),
            (
                "the target",
                "The slot after the running one, cyclically. commence(), write() and complete() act on it.",
            ),
            ("the place selected", "The slot that the active record names, else factory, else ota_0."),
            (
                "the first place that passes, from …",
                "The first of that place, the slots below it, factory, and the slots above it that holds a complete "
                "image of an allowed version. State words are ignored.",
            ),
            (
                "the spare record is given up",
                "Rollback on, application from 5.5 on: the other record has a correct check word and does not name the "
                "running slot.",
            ),
            (
                "there is an image to go back to",
                "The other record is bootable and its slot holds a complete image of an allowed version; or it is not "
                "bootable, there is a factory partition, and anti-rollback is off.",
            ),
            (
                RANKED,
                "The model abstracts sequence numbers above the number of slots to their order, so that there are "
                f"finitely many. The abstraction is exact; see {repo_file('proofs/refinement/ranking_quotient.py')}.",
            ),
        ),
    )


def _actions(page: SpecPage) -> None:
    page.heading("Actions")
    plain, widest, waking = device_model(PLAIN), device_model(WIDEST), device_model(WAKING)
    page.add(
        "The page shows the actions of a device with two slots and no factory partition, rollback on, application of "
        "release 6.1 or later, and any usage. Actions that only other devices have are marked. *DOCUMENTED* usage has "
        "neither calls out of order nor those of ESP-IDF's own (`set_boot_*`, `session_*`, `write_over`, "
        "`erase_last_boot`); in *RESTART_AT_ONCE* usage complete() restarts, too."
    )
    shown = {action.name for action in plain.actions}
    for kind, title in _KINDS.items():
        page.heading(title, 3)
        for model, note in (
            (plain, ""),
            (waking, "Only with CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP."),
            (device_model(TWO_HANDLES), "Only with an application before 6.1."),
            (widest, "Only with anti-rollback or a factory partition; shown for a device with both."),
        ):
            words = Vocabulary(model.scope, model.device)
            for action in model.actions:
                is_new = model is plain or action.name not in shown
                if action.kind is kind and is_new and not action.name.startswith(_TORN):
                    _action(page, model, action, words, note)
                    shown.add(action.name)


def _action(page: SpecPage, model: DeviceModel, action: Action, words: Vocabulary, note: str) -> None:
    tasks = ", ".join(code(task.name) for task in action.tasks)
    guard = "always" if action.when.value == 1 else words.text(action.when)
    guard = guard if len(guard) < _LONG else "see below"
    lines = list(effect_lines(model, action, words))
    effects = "; ".join(f"{name} := {text}" for name, text in lines if len(text) < _LONG) or "none"
    longer = [name for name, text in lines if len(text) >= _LONG]
    if longer:
        effects += f"; {', '.join(longer)}: see below"
    weakest = f" Fault model {action.weakest.name}." if action.weakest is not None else ""
    head = (
        f"{anchor(f'action-{action.name}')}**`{action.name}`** in {tasks}. {page.cite(action.source)}.{weakest} {note}"
    )
    page.add(
        head.rstrip(),
        f"- *when* {guard}\n- *effects* {effects}" + "".join(f"\n- {text}" for text in _differences(action.name)),
    )
    goals = [("when", action.when), *model.effects[action.name].items()]
    written = words.long_text([(name, term) for name, term in goals if term.value is None])
    if longer or guard == "see below" or RANKED in effects:
        page.add(folded("guard and effects as terms", written))


def _differences(name: str) -> Iterator[str]:
    """Yield a line if the action differs between releases; the models are compared term by term."""
    seen: list[tuple[object, Release]] = []
    for release in RELEASES:
        config = replace(PLAIN.config, app_release=release, bootloader_release=release)
        model = device_model(replace(PLAIN, config=config))
        action = next((a for a in model.actions if a.name == name), None)
        if action is None:
            continue
        # Equal terms are one object.
        signature = (
            id(action.when),
            *((field, id(term)) for field, term in sorted(model.effects[name].items(), key=lambda item: item[0])),
        )
        if not seen or seen[-1][0] != signature:
            seen.append((signature, release))
    if len(seen) > 1:
        changes = " and ".join(release.label for _, release in seen[1:])
        yield f"*changes with release* {changes}; see [releases](releases.md)"


def _torn_actions(page: SpecPage) -> None:
    page.heading("Cuts that tear a record")
    model = device_model(PLAIN)
    torn = [action for action in model.actions if action.name.startswith(_TORN)]
    words = Vocabulary(model.scope, model.device)
    example = torn[0]
    page.add(
        f"There are {len(torn)} actions, one for each phase and each state that a tear can leave: "
        "`cut_in_erase_leaves_…` and `cut_in_program_leaves_…`, followed by the check word and the state word that are "
        f"left. They are enabled in the tasks {', '.join(code(t.name) for t in example.tasks)} (tasks that only erase: "
        "in phase ERASE only), if a tear of the record being rewritten can leave that state. Afterwards the power is "
        "off, and the record of `sector` has that state; number and slot are kept if the check word is correct. "
        f"{page.cite(example.source)}.",
    )
    page.table(
        ("action", "weakest fault model", "the record being rewritten is"),
        ((code(a.name), a.weakest.name if a.weakest is not None else "", _causes(a)) for a in torn),
    )
    page.add(
        folded(
            f"an example as terms: {example.name}",
            words.long_text([("when", example.when), *model.effects[example.name].items()]),
        )
    )


def _allowed_actions(page: SpecPage) -> None:
    page.heading("What a scope may allow")
    page.add(
        "Verdicts are about calls, resets and power cuts. A scope can allow more, with the option `--allow` of "
        "`otaproof prove` and `otaproof explore`. Then the model has these actions, too; without the option its terms "
        f"are as they are above. {repo_file('model/device/failing_steps.py')}, "
        f"{repo_file('model/device/pin_steps.py')} and {repo_file('model/device/writer_steps.py')} have them as terms."
    )
    known = {action.name for action in device_model(PLAIN).actions}
    for allowance, text in member_docs(Allowance).items():
        model = device_model(replace(PLAIN, faults=FaultModel.F1, allows=frozenset({Allowance[allowance]})))
        page.heading(f"`--allow {Allowance[allowance].value}`", 3)
        page.add(first_line(text))
        _added_actions(page, model, known)
    _skipped_validation(page, known)


def _added_actions(page: SpecPage, model: DeviceModel, known: set[str]) -> None:
    added = [action for action in model.actions if action.name not in known]
    page.table(
        ("actions", "in the tasks", "source"),
        (
            (
                ", ".join(code(action.name) for action in group),
                ", ".join(code(task.name) for task in tasks),
                page.cite(source),
            )
            for (tasks, source), found in groupby(added, key=lambda action: (action.tasks, action.source))
            for group in [list(found)]
        ),
    )


def _skipped_validation(page: SpecPage, known: set[str]) -> None:
    page.heading("`--skip-validate`", 3)
    slot, device = field_docs(Slot), field_docs(Device)
    page.add(
        "`otaproof prove`, `explore` and `fuzz` take the three options CONFIG_BOOTLOADER_SKIP_VALIDATE_… of the "
        "bootloader. With `always` and `on-power-on` it starts an image that does not verify, as long as all headers "
        "are there: those of the segments lie between their data, the last one near the end of the image. The "
        "application verifies images as ever. Claims that speak of the next power-on mean one without validation.",
        f"A slot has one more field, `is_loadable`: {_lower(slot['is_loadable'])}",
        f"With `on-power-on` the device has another one, `is_power_on`: {_lower(device['is_power_on'])}",
        "Before 6.2 such a bootloader looks at no byte of the header but the number of segments, so the erase of a "
        "slot that is cut after its first byte leaves an image that starts. With anti-rollback it wants a description "
        "of an allowed version, too; from 5.5 on it takes the version of an image that it does not validate for 0, and "
        "starts none once a bit of the eFuse is burned.",
    )
    _added_actions(page, device_model(SKIPPING), known)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _causes(action: Action) -> str:
    """Return the records that a tear can leave in the state of this action."""
    _, _, phase, _, check, *rest = action.name.split("_")
    left = Check[check.upper()], Word["_".join(rest).upper()]
    tears = erased_tears if phase == "erase" else programmed_tears
    by_check: dict[Check, list[Word]] = {}
    for old in Check:
        for word in Word:
            if left in tears(old, word, PLAIN.faults):
                by_check.setdefault(old, []).append(word)
    return "; ".join(
        f"{check.name.lower()} {'any word' if len(words) == len(Word) else ', '.join(w.name for w in words)}"
        for check, words in by_check.items()
    )
