"""What a flash holds and what follows from it: what boots, what the boot writes, what the calls would do now.

Everything is found by playing it on a copy of the board, under one configuration; `why` is derived from the decision
functions of the bootloader. Two answers are equal when nobody can tell the two configurations apart from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ...impl.app.otaupgrade import LuaError
from ...impl.board import App
from ...impl.bootloader import FACTORY_INDEX, fallback_order, select_boot_partition, select_with_anti_rollback
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import FlashOp, NorFlash, Strictness
from ...impl.esp_err import OtaError
from ...impl.image.format import APP_DESC_MAGIC, read_app_desc
from ...impl.otadata import EntryPair, SelectEntry, decode_entry, encode_entry, is_select_valid, slot_of_seq
from ...impl.partitions.partition import MAX_OTA_SLOTS, Partition
from ...impl.partitions.table import TABLE_MAX_LENGTH, TableError, decode_table, load_partitions
from ...impl.program_end import Panic
from ...model.config import Config
from ...model.ota_state import OtaImgState
from ..device_under_test import DeviceUnderTest
from ..history.player import Played, Player, StepOutcome
from ..history.step import ACCEPT, COMMENCE, POWER_ON, ROLLBACK, Step
from .entries import EntryReading, SlotNames, number_text, read_entries
from .found_images import ImageReading, read_images
from .turn_words import TurnChoice, turn_choice

Entries = tuple[bytes, bytes]
TRIED = (ACCEPT, ROLLBACK, COMMENCE)
"""The calls of otaupgrade that are tried out."""
CALLS = tuple(step.call_name for step in TRIED)
"""Their names."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a boot or a call did to flash and eFuse."""

    ops: tuple[FlashOp, ...]
    entries: Entries | None
    """The otadata entries after it; None without otadata."""
    changes_entries: bool
    """They are other ones than before."""
    efuse: tuple[int, int]
    """The bits of the eFuse before and after it."""


@dataclass(frozen=True, slots=True)
class BootReading:
    """What a power-on comes to."""

    outcome: StepOutcome
    detail: str
    """What went wrong; "" where nothing did."""
    label: str | None
    """The partition that runs."""
    change: Change
    state: str | None
    """What info() says of the state of the running image."""
    info_next: str | None
    """What info() says starts next."""

    @property
    def boots(self) -> bool:
        """An application runs."""
        return self.label is not None


@dataclass(frozen=True, slots=True)
class CallReading:
    """What a call would do in the application that boots."""

    name: str
    outcome: StepOutcome
    error: str | None
    change: Change
    then: str | None
    """What the next power-on starts after it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """All there is to say under one configuration."""

    table_problem: str | None
    """Why the bootloader refuses the partition table."""
    app_table_problem: str | None
    """Why the application does."""
    entries: tuple[EntryReading, EntryReading] | None
    """None without otadata."""
    images: tuple[ImageReading, ...]
    selected: str | None
    """Label of what the entries select, before any image is looked at."""
    why: tuple[str, ...]
    """How the selection comes about, a clause each."""
    order: tuple[str, ...]
    """Labels of the app partitions in the order in which the bootloader tries them."""
    first: BootReading
    second: BootReading | None
    calls: tuple[CallReading, ...]

    @property
    def is_fallback(self) -> bool:
        """What boots is not what the entries select."""
        return self.first.boots and self.first.label != self.selected

    @property
    def gives_up(self) -> EntryReading | None:
        """The entry that says of what boots that it was given up; None where there is none, or one says otherwise."""
        naming = [reading for reading in self.entries or () if reading.names == self.first.label]
        is_kept = any(reading.is_bootable for reading in naming)
        return None if is_kept else next((reading for reading in naming if reading.gives_up), None)

    @property
    def is_good(self) -> bool:
        """What the entries select boots."""
        return self.first.boots and not self.is_fallback


def explain(cells: Cells, config: Config, efuse_bits: int = 0) -> Answer:
    """Return what comes of a flash under a configuration."""
    return _Explainer(cells, config, efuse_bits).answer()


def bootloader_table(cells: Cells, config: Config) -> tuple[tuple[Partition, ...], str | None]:
    """Return the partitions as the bootloader reads them, and why it refuses the table."""
    try:
        raw = cells.read(config.table_offset, TABLE_MAX_LENGTH)
        return decode_table(raw, cells.size, config.bootloader_release), None
    except TableError as error:
        return (), str(error)


def app_table(cells: Cells, config: Config) -> tuple[tuple[Partition, ...], str | None]:
    """Return the partitions as the application reads them, and why it refuses the table."""
    try:
        raw = cells.read(config.table_offset, SECTOR_SIZE)
        return load_partitions(raw, config.app_release, config.table_md5), None
    except TableError as error:
        return (), str(error)


def slot_names(table: tuple[Partition, ...]) -> SlotNames:
    """Return what the numbers of entries lead to."""
    slots = [partition for partition in table if partition.is_ota_slot]
    labels: Mapping[int, str] = {partition.slot: partition.label for partition in slots}
    gapless = next(number for number in range(MAX_OTA_SLOTS + 1) if number not in labels)
    factory = next((partition.label for partition in reversed(table) if partition.is_factory), None)
    return SlotNames(len(slots), labels, gapless, factory)


class _Explainer:
    """Plays one flash under one configuration."""

    def __init__(self, cells: Cells, config: Config, efuse_bits: int) -> None:
        self._table, self._table_problem = bootloader_table(cells, config)
        self._names = slot_names(self._table)
        self._dut = DeviceUnderTest(config, self._table, cells, efuse_bits=efuse_bits, strictness=Strictness.CHIP)

    def answer(self) -> Answer:
        sectors = self._sectors()
        dut, player = self._dut, Player(self._dut)
        images = tuple(read_images(dut.cells, self._table, dut.config, dut.efuse_bits))
        selected, why = self._selection()
        first = self._boot(player)
        return Answer(
            self._table_problem,
            app_table(dut.cells, dut.config)[1],
            None if sectors is None else read_entries(sectors, self._names),
            images,
            selected,
            why,
            self._order(selected),
            first,
            None if player.app is None else self._boot(player.fork()),
            () if player.app is None else tuple(self._call(step, player.fork()) for step in TRIED),
        )

    def _sectors(self) -> tuple[bytes, bytes] | None:
        otadata = self._dut.otadata
        if otadata is None or otadata.size < 2 * SECTOR_SIZE:
            return None
        start = otadata.offset
        return self._dut.cells.read(start, SECTOR_SIZE), self._dut.cells.read(start + SECTOR_SIZE, SECTOR_SIZE)

    def _boot(self, player: Player) -> BootReading:
        """Switch on, and say what came of it."""
        played = player.play(POWER_ON)
        state, following = _info(player.app)
        detail = played.error or _boot_detail(played.outcome, self._table_problem)
        return BootReading(played.outcome, detail, played.running, self._change(played), state, following)

    def _call(self, step: Step, player: Player) -> CallReading:
        """Make a call, then switch on once more."""
        played = player.play(step)
        then = player.play(POWER_ON).running
        return CallReading(step.call_name, played.outcome, played.error, self._change(played), then)

    def _change(self, played: Played) -> Change:
        before, after = (self._dut.entries(moment.cells) for moment in (played.before, played.after))
        return Change(played.ops, after, after != before, (played.before.efuse_bits, played.after.efuse_bits))

    def _selection(self) -> tuple[str | None, tuple[str, ...]]:
        """Return what the entries select, and why."""
        if self._table_problem is not None:
            return None, (f"the bootloader refuses the partition table: {self._table_problem}",)
        factory = next((p.label for p in reversed(self._table) if p.is_factory), None)
        raw = self._dut.entries(self._dut.cells)
        if self._dut.otadata is None or raw is None:
            return factory, ("the table has no otadata partition",)
        if self._dut.otadata.size < 2 * SECTOR_SIZE:
            return None, ("the otadata partition is smaller than two sectors",)
        if self._turns is not None:
            return self._turns.selected, self._turns.why
        entries = EntryPair(decode_entry(raw[0]), decode_entry(raw[1]))
        return self._selected_by(entries, factory)

    @property
    def _turns(self) -> TurnChoice | None:
        """What a bootloader by turns makes of the records; None for one that does not look at them so."""
        raw, config = self._dut.entries(self._dut.cells), self._dut.config
        if not config.is_by_turns or raw is None or self._sectors() is None or self._table_problem is not None:
            return None
        return turn_choice(raw, self._names.places, config.rollback, self._names.label_of)

    def _selected_by(self, entries: EntryPair, factory: str | None) -> tuple[str | None, tuple[str, ...]]:
        why: list[str] = []
        if self._dut.config.rollback:
            aborted = []
            for number, entry in enumerate(entries):
                is_pending = entry.ota_state == OtaImgState.PENDING_VERIFY
                if is_pending:
                    why.append(f"entry {number} is PENDING_VERIFY: started, never accepted, so it becomes ABORTED")
                raw = encode_entry(entry)
                state = int(OtaImgState.ABORTED).to_bytes(4, "little")
                aborted.append(decode_entry(raw[:24] + state + raw[28:]) if is_pending else entry)
            entries = EntryPair(*aborted)
        try:
            if self._dut.config.anti_rollback:
                selection = select_with_anti_rollback(entries, self._names.count, self._is_version_allowed)
            else:
                selection = select_boot_partition(entries, self._names.count, factory is not None)
        except Panic:
            return None, (*why, "the bootloader divides by the number of slots, which is 0")
        if selection.active is None:
            none = self._why_none(entries) if self._names.count else "there is no OTA slot"
            label = factory if selection.index == FACTORY_INDEX else self._names.labels.get(selection.index)
            fresh = (
                " and, once its image passes, writes it down as VALID"
                if selection.has_initial_contents and factory is None
                else ""
            )
            goes_to = f", so the bootloader goes to {label}{fresh}" if label else ", and there is no factory partition"
            return label, (*why, none + goes_to)
        active = entries[selection.active]
        label = self._names.labels.get(selection.index)
        why.append(
            f"entry {selection.active} decides, {self._rank(entries)} ({number_text(active.ota_seq)}): "
            f"{label or 'a slot that is missing'}"
        )
        if self._dut.config.rollback and active.ota_state == OtaImgState.NEW:
            why.append("it is NEW: it becomes PENDING_VERIFY before the image starts")
        return label, tuple(why)

    def _rank(self, entries: EntryPair) -> str:
        """Return what the entry that decides has before the other."""
        bootable = [entry for entry in entries if is_select_valid(entry)]
        if len(bootable) == 1:
            return "the only bootable entry"
        if not all(self._has_allowed_version(entry) for entry in bootable):
            return "the only bootable entry of a slot whose secure version the eFuse allows"
        equal = entries.first.ota_seq == entries.second.ota_seq
        return "the first of two equal numbers" if equal else "the higher number"

    def _why_none(self, entries: EntryPair) -> str:
        """Return why no entry selects anything."""
        told = []
        for number, entry in enumerate(entries):
            if is_select_valid(entry):
                slot = slot_of_seq(entry.ota_seq, self._names.count)
                told.append(f"entry {number} names {self._names.of(entry.ota_seq)}, {self._version_problem(slot)}")
        if not told:
            return "neither entry is bootable"
        rest = ["the other entry is not bootable"] if len(told) == 1 else []
        return f"no entry counts with anti-rollback ({'; '.join((*told, *rest))})"

    def _version_problem(self, slot: int) -> str:
        """Return why anti-rollback passes a slot over."""
        partition, efuse = self._slot(slot), Efuse(self._dut.efuse_bits, self._dut.config.secure_version_bits)
        if partition is None:
            return "and there is none"
        desc = read_app_desc(NorFlash(self._dut.cells), partition.offset)
        if desc.magic_word != APP_DESC_MAGIC:
            return "which holds no description of an image"
        return f"whose secure version {desc.secure_version} is below the eFuse's, {efuse.secure_version}"

    def _has_allowed_version(self, entry: SelectEntry) -> bool:
        is_asked = self._dut.config.anti_rollback
        return not is_asked or self._is_version_allowed(slot_of_seq(entry.ota_seq, self._names.count))

    def _order(self, selected: str | None) -> tuple[str, ...]:
        """Return what the bootloader tries one after the other; nothing where it does not get that far."""
        if self._turns is not None:
            return self._turns.order
        slots = {label: slot for slot, label in self._names.labels.items()}
        factory = next((p.label for p in reversed(self._table) if p.is_factory), None)
        if selected is None:
            return ()
        labels = {FACTORY_INDEX: factory, **{slot: label for label, slot in slots.items()}}
        tried = (labels.get(index) for index in fallback_order(slots.get(selected, FACTORY_INDEX), self._names.count))
        return tuple(label for label in tried if label is not None)

    def _slot(self, slot: int) -> Partition | None:
        return next((p for p in reversed(self._table) if p.is_ota_slot and p.slot == slot), None)

    def _is_version_allowed(self, slot: int) -> bool:
        partition = self._slot(slot)
        if partition is None:
            return False
        desc = read_app_desc(NorFlash(self._dut.cells), partition.offset)
        efuse = Efuse(self._dut.efuse_bits, self._dut.config.secure_version_bits)
        return desc.magic_word == APP_DESC_MAGIC and efuse.is_secure_version_allowed(desc.secure_version)


def _info(app: App | None) -> tuple[str | None, str | None]:
    """Return what info() says of the state of the running image, and what it says starts next."""
    if app is None:
        return None, None
    try:
        info = app.otaupgrade.info()
    except (Panic, LuaError, OtaError):
        return None, None
    state = info.slots.get(app.running.label, {}).get("state")
    return None if state is None else str(state), info.next


def _boot_detail(outcome: StepOutcome, table_problem: str | None) -> str:
    match outcome:
        case StepOutcome.PANICKED:
            return "the program that starts crashes at once: an assertion of the C code fails"
        case StepOutcome.HUNG:
            return "a loop has no end"
        case StepOutcome.NOTHING_BOOTS:
            return "no image passes" if table_problem is None else f"the partition table is refused: {table_problem}"
        case _:
            return ""
