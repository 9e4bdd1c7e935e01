"""The page of the device model: scope, fields, tasks, tears, and every action with its guard, effects and source."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from otaproof.diagrams.model_reading.member_docs import member_docs
from otaproof.model.config import Config, Release
from otaproof.model.device.action import Action, Kind
from otaproof.model.device.model import DeviceModel, Field, device_model
from otaproof.model.device.record_tears import erased_tears, programmed_tears
from otaproof.model.device.records import Check, Numbers, Record, Word
from otaproof.model.device.state import Content, Device, Expectation, Ghost, Phase, Scope, Slot, Task, Usage
from otaproof.model.device.term_names import PLACES, enum_of_field
from otaproof.model.fault_model import FaultModel

from .effects_text import RANKED, effect_lines
from .left_out_text import left_out_sentence
from .life_cycle import field_docs
from .page import Page, anchor, code, first_line, folded, picture, repo_file
from .terms_text import Vocabulary
from .worlds import RELEASES

_CONFIG = Config(rollback=True, app_release=Release.V6_1, bootloader_release=Release.V6_1)
PLAIN = Scope(_CONFIG, faults=FaultModel.F3)
"""What the actions are shown of: rollback on, two slots, any usage."""
WIDEST = replace(PLAIN, config=replace(_CONFIG, anti_rollback=True), has_factory=True, versions=2)
"""What shows the actions that PLAIN has not."""
WAKING = replace(PLAIN, config=replace(_CONFIG, skip_validate_in_deep_sleep=True))
_LONG = 320
"""Characters from which a term is shown in its long form alone."""
_TORN = ("cut_in_erase_leaves_", "cut_in_program_leaves_")


def device_page() -> Page:
    """Return the page."""
    page = Page("device-model", "The device model")
    page.add(
        "A whole device as a finite automaton: two otadata records, the slots, the eFuse, and the program that runs. "
        f"Its state is in {repo_file('model/device/state.py')}, its steps in "
        f"{repo_file('model/device/boot_steps.py')} (the bootloader), {repo_file('model/device/calls.py')} (the calls) "
        f"and {repo_file('model/device/flash_steps.py')} (flash operations "
        "and power cuts). All claims are searched for, proved or refuted in it, and its every step is "
        f"replayed on the simulated board ({repo_file('campaign/lockstep/trace_replay.py')}).",
        "An action can be taken in its *tasks*, when its *guard* holds; it then changes the fields named under "
        "*effects*, and no others. One action is one thing that the world can see happen: a call, a decision of the "
        "bootloader, one flash operation, or a power cut.",
        left_out_sentence("claims.md"),
    )
    _scope(page)
    _fields(page)
    _tasks(page)
    _tears(page)
    _words(page)
    _actions(page)
    _torn_actions(page)
    return page


def _scope(page: Page) -> None:
    page.heading("Scope")
    page.add("A model is built for one of these, and has nothing that it rules out:")
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


def _fields(page: Page) -> None:
    page.heading("Fields")
    model = device_model(replace(WIDEST, ghosts=frozenset(Ghost)))
    words = Vocabulary(model.scope, model.device)
    docs = {**field_docs(Device)}
    record, slot = field_docs(Record), field_docs(Slot)
    page.add(
        "A *place* is where an image can be: an OTA slot, the factory partition, or nowhere. While a record is being "
        "programmed (`phase` PROGRAM) its fields hold what is being programmed, and its sector is blank."
    )
    known = {
        "task": "What is going on; see [tasks](#tasks).",
        "phase": first_line(Phase.__doc__) + " See [phases](#phases).",
        "burned": docs.get("burned", ""),
        "expectation": first_line(Expectation.__doc__),
        "slot_content": first_line(Content.__doc__),
        "slot_is_finished": _capital(member_docs(Ghost)["FINISHED"].removeprefix("Per slot: ")),
        "slot_is_earned": _capital(member_docs(Ghost)["EARNED"].removeprefix("Per slot: ")),
        "expected": "The place that has to start next.",
        "old_choice": "The place that starts if the call that is going on had not begun; nowhere without one.",
        "record_check": first_line(Check.__doc__),
        "record_word": first_line(Word.__doc__),
        "new_choice": "The place that starts once that call is done.",
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
        ("field", "bits", "at first", "meaning"),
        ((code(f.name), str(f.bits or "fact"), initial(f), meaning(f)) for f in model.fields),
    )
    page.heading("Values", 3)
    for enum in (Check, Word, Content, Expectation):
        texts = member_docs(enum)
        page.add(f"**{enum.__name__}.** {first_line(enum.__doc__)}")
        page.table(("value", "", "meaning"), ((str(m.value), code(m.name), texts.get(m.name, "")) for m in enum))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tasks(page: Page) -> None:
    page.heading("Tasks")
    docs = member_docs(Task)
    page.table(("task", "meaning"), ((anchor(f"task-{t.name}") + code(t.name), docs[t.name].strip(" …")) for t in Task))
    page.heading("Phases", 3)
    phases = member_docs(Phase)
    page.table(("phase", "meaning"), ((code(p.name), phases[p.name]) for p in Phase))
    page.add(picture("boot-with-rollback", "What the bootloader decides, with rollback"))


def _tears(page: Page) -> None:
    page.heading("Tears of a record")
    page.add(
        "What a power cut can leave of a record, when its sector is being erased or it is being programmed into an "
        "erased one. Each fault model admits all that those before it do. That every tear of the 32 bytes falls into "
        f"these classes, and each class is met, is proved ({repo_file('proofs/bytes/torn_records.py')}).",
        picture("otadata-record", "The otadata record and what a cut leaves of it"),
    )
    rows = []
    for title, tears in (("programmed", programmed_tears), ("erased", erased_tears)):
        for word in Word:
            cells = []
            before: frozenset[tuple[Check, Word]] = frozenset()
            for faults in FaultModel:
                left = tears(Check.RIGHT, word, faults)
                cells.append(_left(left - before))
                before = left
            rows.append((title, code(word.name), *cells))
    page.table(("while it is", "record", *(f"{f.name}{' adds' if f else ''}" for f in FaultModel)), rows)


def _left(torn: Iterable[tuple[Check, Word]]) -> str:
    by_check: dict[Check, list[str]] = {}
    for check, word in sorted(torn):
        by_check.setdefault(check, []).append(word.name)
    return "; ".join(f"{check.name.lower()} {', '.join(words)}" for check, words in by_check.items()) or "–"


def _words(page: Page) -> None:
    page.heading("Words of guards and effects")
    page.add(
        "Guards and effects are terms; what is printed here is read from the model, with names for the parts that "
        "the model has functions for:"
    )
    page.table(
        ("words", "meaning"),
        (
            (
                "the deciding record, the other record",
                "The [active](glossary.md#active) record of the two, and the one that is not; record 0 where none is.",
            ),
            (
                "the selected record",
                "With anti-rollback: the active one among those whose slot has a description of an allowed version.",
            ),
            ("the record being rewritten", "The one in the sector `sector`."),
            ("bootable, invalid", "See [glossary](glossary.md#bootable)."),
            (
                "the target",
                "The slot after the running one, round to the first: what commence(), write() and complete() act on.",
            ),
            ("the place selected", "The slot that the deciding record names, else factory, else ota_0."),
            (
                "the first place that passes, from …",
                "That place, the slots below it, factory, then the slots above it: the first that holds a whole image "
                "of an allowed version. The state words play no part.",
            ),
            (
                "the spare record is given up",
                "Rollback on, application from 5.5 on: the other record has a right check word and does not name the "
                "running slot.",
            ),
            (
                "there is an image to go back to",
                "The other record is bootable and its slot holds a whole image of an allowed version; or it is not "
                "bootable, there is a factory partition, and anti-rollback is off.",
            ),
            (
                RANKED,
                "Numbers above the count of slots are told apart only as “above” and “above that”, so that there are "
                f"finitely many; nothing is lost by it, as is proved in {repo_file('proofs/bytes/seq_lemmas.py')}.",
            ),
        ),
    )


def _actions(page: Page) -> None:
    page.heading("Actions")
    plain, widest, waking = device_model(PLAIN), device_model(WIDEST), device_model(WAKING)
    page.add(
        "Shown for a device with two slots and no factory partition, rollback on, application of release 6.1 or "
        "later, calls in any order; actions that only other devices have are shown for one that has them, and say so. "
        "In *PROPER* usage complete() restarts, and calls out of order and `set_boot_*` are left out."
    )
    shown = {action.name for action in plain.actions}
    for kind in Kind:
        title = {"call": "Calls", "flash": "Flash and eFuse operations", "boot": "Decisions of the bootloader",
                 "reset": "Resets", "cut": "Power cuts"}[kind.value]  # fmt: skip
        page.heading(title, 3)
        for model, note in (
            (plain, ""),
            (waking, "Only with CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP."),
            (widest, "Only with anti-rollback or a factory partition; shown with both."),
        ):
            words = Vocabulary(model.scope, model.device)
            for action in model.actions:
                is_new = model is plain or action.name not in shown
                if action.kind is kind and is_new and not action.name.startswith(_TORN):
                    _action(page, model, action, words, note)
                    shown.add(action.name)


def _action(page: Page, model: DeviceModel, action: Action, words: Vocabulary, note: str) -> None:
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
        page.add(folded("all of it, as terms", written))


def _differences(name: str) -> Iterator[str]:
    """Yield how the action differs between releases, where it does: the models are compared, term by term."""
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
        yield f"*differs by release*: changes with {changes}; see [releases](releases.md)"


def _torn_actions(page: Page) -> None:
    page.heading("Cuts that tear a record")
    model = device_model(PLAIN)
    torn = [action for action in model.actions if action.name.startswith(_TORN)]
    words = Vocabulary(model.scope, model.device)
    example = torn[0]
    page.add(
        f"{len(torn)} actions, one for each phase and each reading that a tear can leave: `cut_in_erase_leaves_…` and "
        "`cut_in_program_leaves_…`, then check word and state word of what is left. They are taken in the tasks "
        f"{', '.join(code(t.name) for t in example.tasks)} (those that only erase: in phase ERASE alone), when the "
        "record being rewritten is one that can be torn so. Afterwards the power is off, the program forgotten, and "
        "the record of `sector` is what was left; number and slot stay where the check word is right. "
        f"{page.cite(example.source)}.",
    )
    page.table(
        ("action", "weakest fault model", "the record being rewritten is"),
        ((code(a.name), a.weakest.name if a.weakest is not None else "", _causes(a)) for a in torn),
    )
    page.add(
        folded(
            f"one of them as terms: {example.name}",
            words.long_text([("when", example.when), *model.effects[example.name].items()]),
        )
    )


def _causes(action: Action) -> str:
    """Return, from the tears of the model, which records can be torn so."""
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
