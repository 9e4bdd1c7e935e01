"""How a device came to hold what it holds: the state to search the device model for, and a trace told in words.

The search itself is proofs/explicit/fewest_cuts.py, which campaign may not import; whoever has both (cli) puts them
together.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

from ...impl.chip.cells import Cells
from ...impl.otadata import SelectEntry, decode_entry, encode_entry, is_crc_right, make_entry
from ...impl.partitions.partition import Partition
from ...model.config import Config, ResetReason
from ...model.device.action import Kind
from ...model.device.records import Check, Word
from ...model.device.release_class import representative
from ...model.device.state import Content, Phase, Scope, Task, Usage
from ...model.device.stepper import State, Stepper, stepper
from ...model.ota_state import OtaImgState
from ..history.claim_monitor import ClaimMonitor
from ..history.history import BLANK_ENTRY, History
from ..history.history_replay import token_of
from ..history.history_token import encode_history_token
from ..history.player import Player
from ..history.step import StepName
from ..lockstep.abstraction import RecordView, SlotView, Stored, ranked, record_in_bytes
from ..lockstep.trace_replay import Divergence, Segment, TraceWalker, device_of_scope, images_of, segments
from .entries import NEAR_TOP
from .explanation import Answer

BOOT_APP0 = encode_entry(make_entry(1, OtaImgState.UNDEFINED))
"""Entry 0 as Arduino and PlatformIO flash it with every application (boot_app0.bin), and otatool.py for ota_0."""
MOST_VERSION = 3
"""The highest secure version that a scope has; the lowest is 0."""
_MOST_SLOTS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """What to search for."""

    scope: Scope
    """Without usage and faults, which are those of each search."""
    stored: Stored
    knows_images: bool
    """The slots count; without images, only records do."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a device holds before its first power-on."""

    title: str
    entries: tuple[bytes, bytes]


STARTS = (
    Start("", (BLANK_ENTRY, BLANK_ENTRY)),
    Start("otadata flashed as Arduino's boot_app0.bin", (BOOT_APP0, BLANK_ENTRY)),
)


def target_of(
    cells: Cells,
    table: tuple[Partition, ...],
    answer: Answer,
    config: Config,
    efuse_bits: int,
    knows_images: bool,
) -> Target | str:
    """Return what to search for; a sentence for what the model does not have."""
    slots = sorted((p for p in table if p.is_ota_slot), key=lambda p: p.slot)
    otadata = next((p for p in reversed(table) if p.is_otadata), None)
    if otadata is None or answer.entries is None:
        return "there is no otadata to tell a history from"
    if any(_is_near_top(reading.entry) for reading in answer.entries):
        return "the model leaves out numbers close to the top of their range; no device gets there by upgrades alone"
    if not slots or [p.slot for p in slots] != list(range(len(slots))):
        return "the model has tables with ota_0, ota_1, … without a gap only"
    if len(slots) > _MOST_SLOTS:
        return f"the search goes up to {_MOST_SLOTS} slots, not {len(slots)}"
    images = {image.label: image for image in answer.images}
    factory = next((p for p in reversed(table) if p.is_factory), None)
    if factory is not None and knows_images and not images[factory.label].is_whole:
        return "the model has whole images in the factory partition only"
    described = [images[p.label].desc for p in slots]
    burned = efuse_bits.bit_count() if config.anti_rollback else 0
    versions = [desc.secure_version if desc is not None and config.anti_rollback else burned for desc in described]
    if factory is not None and knows_images and config.anti_rollback:
        desc = images[factory.label].desc
        versions.append(0 if desc is None else desc.secure_version)
        if versions[-1] > min(burned, *versions):
            return "the model has images of the lowest secure version in the factory partition only"
    # Versions are only compared: those of a device that was made with version 5 count from there.
    least = min(burned, *versions) if knows_images else burned
    most = max(burned, *versions) - least
    if most > MOST_VERSION:
        return f"the model has secure versions in a range of {MOST_VERSION}, not {most}"
    views = tuple(
        SlotView(desc is not None, images[p.label].app_problem is None, version - least if desc is not None else 0)
        for p, desc, version in zip(slots, described, versions, strict=False)
    )
    try:
        plain = replace(config, table_offset=Config().table_offset, table_md5=Config().table_md5)
        rules = representative(plain)
        scope = Scope(rules, len(slots), factory is not None, versions=max(2, most + 1))
    except ValueError as error:
        return str(error)
    first, second = (record_in_bytes(reading.raw, len(slots)) for reading in answer.entries)
    records = ranked((first, second), len(slots))
    return Target(scope, Stored(records, views, (1 << burned - least) - 1), knows_images)


def _is_near_top(entry: SelectEntry) -> bool:
    """Tell whether a number that somebody wrote is about to wrap, or has come to mean erased."""
    is_blank = entry == decode_entry(BLANK_ENTRY)
    return not is_blank and is_crc_right(entry) and entry.ota_seq >= NEAR_TOP


def matcher(steps: Stepper, target: Target) -> Callable[[State], bool]:
    """Return the question whether a state at rest holds what is searched for."""
    allowed: dict[str, set[int]] = {}
    for index, record in enumerate(target.stored.records):
        allowed |= _record_values(f"record{index}_", record)
    if target.knows_images:
        for index, slot in enumerate(target.stored.slots):
            allowed |= {f"slot{index}_content": _contents(slot), f"slot{index}_version": {slot.version}}
    allowed["burned"] = {target.stored.burned}
    wanted = [(steps.names.index(name), values) for name, values in allowed.items() if name in steps.names]

    def is_goal(state: State) -> bool:
        return all(state[place] in values for place, values in wanted)

    return is_goal


def start_state(steps: Stepper, start: Start) -> State | None:
    """Return the state that a device starts from; None where this start makes no sense."""
    if start.entries[0] == BLANK_ENTRY:
        return steps.initial
    if steps.model.scope.has_factory:
        return None
    record = record_in_bytes(start.entries[0], steps.model.scope.slots)
    fields = steps.as_dict(steps.initial)
    values = _record_values("record0_", record)
    return tuple(next(iter(values[name])) if name in values else fields[name] for name in steps.names)


def _record_values(prefix: str, record: RecordView) -> dict[str, set[int]]:
    values = (("check", record.check), ("word", record.word), ("slot", record.slot), ("seq", record.seq))
    return {f"{prefix}{name}": {int(value)} for name, value in values}


def _contents(slot: SlotView) -> set[int]:
    if slot.verifies:
        return {Content.COMPLETE}
    return {Content.PARTIAL, Content.BROKEN} if slot.has_description else {Content.EMPTY}


# A trace in words.


def tell(scope: Scope, start: Start, actions: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return what happens in a trace, a sentence each; names: the labels of the slots."""
    return tuple(_Teller(scope, start, names).sentences(actions))


@dataclass(frozen=True, slots=True)
class Played:
    """A trace, played on the board."""

    token: str | None
    """The history token; None where the board goes another way, or where nothing has happened."""
    divergence: str | None
    """Where the board goes another way than the model: a bug in one of them."""
    entries: tuple[bytes, bytes] | None
    """What otadata holds at its end."""


def play_way(scope: Scope, start: Start, actions: Sequence[str]) -> Played:
    """Play a trace on the board, comparing step by step, and return its token."""
    try:
        walker = _Walker(scope, start, actions)
        broken: tuple[str, ...] = ()
        for claims in walker.play():
            broken = tuple(claim.claim_id for claim in claims)
    except (Divergence, ValueError) as error:
        return Played(None, str(error), None)
    entries = walker.history.dut.entries(walker.player.moment.cells)
    if not walker.history.steps:
        return Played(None, None, entries)
    shown = broken[0] if broken else ""
    return Played(encode_history_token(token_of(walker.history, shown)), None, entries)


def _started(scope: Scope, start: Start) -> Stepper:
    """Return the stepper of a scope, beginning at another state."""
    steps = copy(stepper(scope))
    first = start_state(steps, start)
    assert first is not None
    steps.initial = first
    return steps


class _Walker(TraceWalker):
    """A walker along a trace from a start of our choice."""

    def __init__(self, scope: Scope, start: Start, actions: Sequence[str]) -> None:
        super().__init__(scope, ())
        self.segments = list(segments(scope, _started(scope, start), actions))
        self.history = History(replace(device_of_scope(scope), entries=start.entries), tuple(images_of(actions)))
        self.player = Player(self.history.dut)
        self._monitor = ClaimMonitor(self.player)


class _Teller:
    """Tells one trace."""

    def __init__(self, scope: Scope, start: Start, names: Sequence[str]) -> None:
        self._scope = scope
        self._start = start
        self._steps = _started(scope, start)
        self._names = (*names, "factory", "nothing")

    def sentences(self, actions: Sequence[str]) -> Iterator[str]:
        if self._start.title:
            yield self._start.title
        parts = list(segments(self._scope, self._steps, actions))
        before = self._steps.initial
        place = 0
        while place < len(parts):
            run = self._upgrade_at(parts, place)
            text = self._told(parts[place : place + run], before)
            if text:
                yield text
            place += run
            before = parts[place - 1].states[-1]

    def _upgrade_at(self, parts: Sequence[Segment], place: int) -> int:
        """Return how many steps from here are one upgrade; 1 for anything else."""
        if parts[place].step.name is not StepName.COMMENCE or _is_cut(parts[place]):
            return 1
        order = (StepName.WRITE, StepName.COMPLETE)
        end = place + 1
        while end < len(parts) and parts[end].step.name in order and not _is_cut(parts[end]):
            end += 1
            if parts[end - 1].step.name is StepName.COMPLETE:
                break
        return end - place

    def _told(self, parts: Sequence[Segment], before: State) -> str:
        first, last = parts[0], parts[-1]
        target = self._target(before)
        if _is_cut(last):
            return self._cut(last, before, target)
        match first.step.name:
            case StepName.RESET:
                return self._reset(first, before)
            case StepName.POWER_OFF:
                return ""
            case StepName.COMMENCE:
                return self._upgrade(parts, target)
            case StepName.WRITE:
                return f"more of the image is written to {target}"
            case StepName.COMPLETE:
                return f"complete(){self._completed(last)}"
            case StepName.SET_BOOT:
                running = self._names[self._steps.as_dict(before)["running"]]
                label = running if first.step.label == "running" else first.step.label
                return f"the application asks esp_ota_set_boot_partition for {label}"
            case name:
                after = ", which restarts the chip" if name is StepName.ROLLBACK else ""
                return f"{name.value}() in {self._names[self._steps.as_dict(before)['running']]}{after}"

    def _reset(self, part: Segment, before: State) -> str:
        fields = self._steps.as_dict(part.states[-1])
        how = "at power-on" if part.step.reason is ResetReason.POWER_ON else "after the restart"
        was = self._steps.as_dict(before)
        if part.step.reason is ResetReason.SOFTWARE and was["task"] == Task.RUN:
            how = "after a reset"
        if fields["task"] == Task.STUCK:
            return f"nothing boots {how}"
        if fields["task"] not in (Task.RUN, Task.STARTED):
            return f"the bootloader runs {how}"
        did = [text for name, text in _BOOT_WORDS.items() if any(action.name == name for action in part.actions)]
        return f"{self._names[fields['running']]} starts {how}{''.join(f', {text}' for text in did)}"

    def _upgrade(self, parts: Sequence[Segment], target: str) -> str:
        names = [part.step.name for part in parts]
        broken = any(action.name.startswith("write_rest_broken") for part in parts for action in part.actions)
        spare = any(action.name == "spare_erases" for action in parts[0].actions)
        aside = " (which also erases the spare entry)" if spare else ""
        if names.count(StepName.WRITE) == 0:
            return f"commence() wipes {target}{aside}"
        image = "a damaged image" if broken else "an image"
        if StepName.COMPLETE not in names:
            part = image if names.count(StepName.WRITE) > 1 else "the first part of an image"
            return f"commence(){aside}, and {part} is written to {target}"
        return f"{image} is downloaded to {target}{aside}; complete(){self._completed(parts[-1])}"

    def _completed(self, part: Segment) -> str:
        names = [action.name for action in part.actions]
        if "complete_fails" in names:
            return " finds that it does not verify"
        if "complete_rejects" in names:
            return " erases it: its secure version is too low"
        restarts = " and restarts" if self._scope.usage is Usage.PROPER else ", without a restart"
        return f" marks it{restarts}"

    def _target(self, state: State) -> str:
        running = self._steps.as_dict(state)["running"]
        return self._names[running + 1 if running < self._scope.slots - 1 else 0]

    def _cut(self, part: Segment, before: State, target: str) -> str:
        """Say where the power failed."""
        last = part.actions[-1]
        moment = part.states[-2] if len(part.states) > 1 else before
        fields = self._steps.as_dict(moment)
        task = Task(fields["task"])
        if last.name == "cut":
            if part.step.name is StepName.POWER_OFF and task in (Task.RUN, Task.STUCK):
                return "the power goes off while nothing is written"
            return "POWER FAILS in the bootloader, between two writes of it"
        entry = f"entry {fields['sector']}"
        word = Word(fields[f"record{fields['sector']}_word"]).name
        doing = {
            Task.ABORT: f"the bootloader made ABORTED of PENDING_VERIFY in {entry}",
            Task.TRY: f"the bootloader made PENDING_VERIFY of NEW in {entry}",
            Task.FRESH: f"the bootloader wrote the first entry of the device ({entry})",
            Task.BURN: "the bootloader burned the eFuse",
            Task.BURN_FRESH: "the bootloader burned the eFuse",
            Task.COMMENCE: f"commence() erased {target}",
            Task.SPARE: f"commence() erased the spare entry ({entry})",
            Task.COMPLETE: f"complete() rewrote {entry} for {target}",
            Task.REJECT: f"complete() erased {target}, its secure version being too low",
            Task.ACCEPT: f"accept() rewrote {entry}",
            Task.BURN_ACCEPT: "accept() burned the eFuse",
            Task.ROLLBACK: f"rollback() rewrote {entry} as INVALID",
            Task.SET_BOOT: f"esp_ota_set_boot_partition(running) rewrote {entry}",
            Task.FORGET_FIRST: "esp_ota_set_boot_partition(factory) erased entry 0",
            Task.FORGET_SECOND: "esp_ota_set_boot_partition(factory) erased entry 1",
        }.get(task, task.name)
        check = Check(fields[f"record{fields['sector']}_check"]).name
        return f"POWER FAILS while {doing}, {_where(last.name, fields['phase'], check, word)}"


_BOOT_WORDS = {
    "abort_programs": "what was under test becomes ABORTED",
    "try_programs": "under test (NEW becomes PENDING_VERIFY)",
    "fresh_programs": "and the bootloader writes its entry, VALID",
}
"""What the bootloader writes on the way, by action."""


def _is_cut(part: Segment) -> bool:
    return bool(part.actions) and part.actions[-1].kind is Kind.CUT


def _where(name: str, phase: int, check: str, word: str) -> str:
    """Say where within an operation a cut fell; check, word: what was there, or was being programmed."""
    if name.endswith("_wipe"):
        return {"before": "before the erase", "after": "after the first sector", "in": "inside its first sector"}[
            name.split("_")[1]
        ]
    if name.startswith("cut_in_burn"):
        return f"with the bits {name.rpartition('_')[2]} set"
    _, _, left_check, left_word = name.removeprefix("cut_in_").split("_", 3)
    left_check, left_word = left_check.upper(), left_word.upper()
    is_program = phase == Phase.PROGRAM
    if (left_check, left_word) == (Check.EMPTY.name, Word.UNDEFINED.name):
        return "after the erase, before the program" if is_program else "after the erase"
    if (left_check, left_word) == (check, word):
        return "after the program" if is_program else "before the erase"
    inside = "inside the program" if is_program else "inside the erase"
    if left_check == Check.EMPTY.name:
        return f"{inside}: the number is gone, the state reads {left_word}"
    if left_check == Check.WRONG.name:
        return f"{inside}: the check word is wrong, the state reads {left_word}"
    return f"{inside}: number and check word are whole, the state reads {left_word}"
