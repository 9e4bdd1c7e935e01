"""How a device came to hold what it holds: the state to search the device model for, and the trace that was found.

The search itself is proofs/explicit/fewest_cuts.py, which campaign may not import; whoever has both (cli) puts them
together.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, fields, replace

from ...impl.chip.cells import Cells
from ...impl.otadata import SelectEntry, decode_entry, encode_entry, is_crc_right, make_entry
from ...impl.partitions.partition import Partition
from ...model.config import Config
from ...model.device.records import Check
from ...model.device.release_class import representative
from ...model.device.state import Content, Scope
from ...model.device.stepper import State, Stepper, stepper
from ...model.ota_state import OtaImgState
from ...model.writers import Updater
from ..history.claim_monitor import ClaimMonitor
from ..history.history import BLANK_ENTRY, History
from ..history.history_replay import token_of
from ..history.history_token import encode_history_token
from ..history.player import Player
from ..lockstep.abstraction import Stored, StoredSlot, record_in_bytes, records_in_bytes
from ..lockstep.divergence import Divergence
from ..lockstep.record_view import RecordView
from ..lockstep.step_maker import images_of
from ..lockstep.trace_replay import TraceWalker, device_of_scope
from ..lockstep.trace_steps import segments
from .entries import NEAR_TOP
from .explanation import Answer
from .trace_in_words import tell_trace

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
    has_odd_word: bool = False
    """A state word is none that anybody writes: an operation was cut."""


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
    if any(is_near_top(reading.entry) for reading in answer.entries):
        return "the model leaves out numbers close to the top of their range; no device gets there by upgrades alone"
    if not slots or [p.slot for p in slots] != list(range(len(slots))):
        return "the model has tables with ota_0, ota_1, … without a gap only"
    if len(slots) > _MOST_SLOTS:
        return f"the search goes up to {_MOST_SLOTS} slots, not {len(slots)}"
    images = {image.label: image for image in answer.images}
    factory = next((p for p in reversed(table) if p.is_factory), None)
    if factory is not None and knows_images and not images[factory.label].is_whole:
        return "the model has whole images in the factory partition only"
    if knows_images and all(image.desc is None for image in answer.images):
        return "no app partition holds an image: none was flashed there, or a tool has erased it"
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
        StoredSlot(desc is not None, images[p.label].app_problem is None, version - least if desc is not None else 0)
        for p, desc, version in zip(slots, described, versions, strict=False)
    )
    try:
        plain = replace(
            config,
            table_offset=Config().table_offset,
            table_md5=Config().table_md5,
            # Libraries over esp_ota_* leave the same; those that write slots themselves leave the records alone.
            updater=Updater.ESP_IDF if config.updates.calls_begin else Updater.ARDUINO,
        )
        rules = representative(plain)
        scope = Scope(rules, len(slots), factory is not None, versions=max(2, most + 1))
    except ValueError as error:
        return str(error)
    first, second = answer.entries
    records = records_in_bytes(scope, first.raw, second.raw)
    if scope.is_by_turns and any(each.is_bootable and not each.is_by_turns for each in answer.entries):
        return "the model has no records of ESP-IDF beside those by turns, or still to be taken over"
    has_odd_word = any(reading.entry.ota_state not in set(OtaImgState) for reading in answer.entries)
    return Target(scope, Stored(records, views, (1 << burned - least) - 1), knows_images, has_odd_word)


def is_near_top(entry: SelectEntry) -> bool:
    """Tell whether a number that somebody wrote is about to wrap, or has come to mean erased."""
    is_blank = entry == decode_entry(BLANK_ENTRY)
    return not is_blank and is_crc_right(entry) and entry.ota_seq >= NEAR_TOP


def matcher(steps: Stepper, target: Target) -> Callable[[State], bool]:
    """Return the question whether a state at rest holds what is searched for."""
    allowed: dict[str, set[int]] = {}
    for index, record in enumerate(target.stored.records):
        allowed |= _record_values(f"record{index}_", record)
    if steps.model.scope.has_strays:
        _forget_torn_numbers(allowed, target)
    if target.knows_images:
        for index, slot in enumerate(target.stored.slots):
            allowed |= {f"slot{index}_content": _contents(slot), f"slot{index}_version": {slot.version}}
    allowed["burned"] = {target.stored.burned}
    wanted = [(steps.names.index(name), values) for name, values in allowed.items() if name in steps.names]

    def is_goal(state: State) -> bool:
        return all(state[place] in values for place, values in wanted)

    return is_goal


def _forget_torn_numbers(allowed: dict[str, set[int]], target: Target) -> None:
    """Allow any number of a torn record: a model with strays remembers it, and the flash does not."""
    above = target.scope.slots + 1
    for index, record in enumerate(target.stored.records):
        if record.check is Check.WRONG:
            del allowed[f"record{index}_slot"], allowed[f"record{index}_seq"]
            other = f"record{1 - index}_seq"
            if above in allowed.get(other, ()):
                allowed[other] = {above, above + 1}


def start_state(steps: Stepper, start: Start) -> State | None:
    """Return the state that a device starts from; None where this start makes no sense."""
    if start.entries[0] == BLANK_ENTRY:
        return steps.initial
    if steps.model.scope.has_factory or steps.model.scope.is_by_turns:
        return None
    record = record_in_bytes(start.entries[0], steps.model.scope.slots)
    initial = steps.as_dict(steps.initial)
    values = _record_values("record0_", record)
    return tuple(next(iter(values[name])) if name in values else initial[name] for name in steps.names)


def _record_values(prefix: str, record: RecordView) -> dict[str, set[int]]:
    return {f"{prefix}{part.name}": {int(getattr(record, part.name))} for part in fields(record)}


def _contents(slot: StoredSlot) -> set[int]:
    if slot.verifies:
        return {Content.COMPLETE}
    return {Content.PARTIAL, Content.BROKEN} if slot.has_description else {Content.EMPTY}


def tell(scope: Scope, start: Start, actions: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return what happens in a trace from that start, a sentence each; names: the labels of the slots."""
    sentences = tell_trace(scope, actions, names, _started(scope, start))
    return (start.title, *sentences) if start.title else sentences


@dataclass(frozen=True, slots=True)
class PlayedTrace:
    """A trace, played on the board."""

    token: str | None
    """The history token; None where the board does otherwise, or where nothing has happened."""
    divergence: str | None
    """Where the board does otherwise than the model: a bug in one of them."""
    entries: tuple[bytes, bytes] | None
    """What otadata holds at its end."""


def play_trace(scope: Scope, start: Start, actions: Sequence[str]) -> PlayedTrace:
    """Play a trace on the board, comparing step by step, and return its token.

    The model has each library at the level of what lies in flash: only otaupgrade's calls are those of the board."""
    if scope.config.updater is not Updater.ESP_IDF:
        return PlayedTrace(None, None, None)
    try:
        walker = _Walker(scope, start, actions)
        broken: tuple[str, ...] = ()
        for claims in walker.play():
            broken = tuple(claim.claim_id for claim in claims)
    except (Divergence, ValueError) as error:
        return PlayedTrace(None, str(error), None)
    entries = walker.history.dut.entries(walker.player.moment.cells)
    if not walker.history.steps:
        return PlayedTrace(None, None, entries)
    shown = broken[0] if broken else ""
    return PlayedTrace(encode_history_token(token_of(walker.history, shown)), None, entries)


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
        self.history = History(replace(device_of_scope(scope), entries=start.entries), tuple(images_of(actions, scope)))
        self.player = Player(self.history.dut)
        self._monitor = ClaimMonitor(self.player)
